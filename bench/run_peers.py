#!/usr/bin/env python3
"""Measure feed readers against origin.py and print a table.

    python run_peers.py [--n 500] [--entries 50] [--rounds 1] [--only naive,reader-w8,...]
                        [--hosts 1] [--delay-ms 0] [--workdir /dev/shm] [--json results.json]
    python run_peers.py --list

Every peer goes through the same phases, in this order:
    cold      empty store, every feed fetched and stored
    304       nothing changed, the origin honours validators (second such poll)
    same200   nothing changed, the origin always answers 200 with the same body
    touch200  nothing changed but the feed's own build date, always 200
    new1      one new entry at the top of every feed
CPU is user+sys of the peer and all its children (wait4); the origin's own CPU
is a separate column.  RSS is the largest single process of the peer.  Rounds
interleave the peers (A B C, A B C) and the table shows each cell's median.
After cold and new1 the stored items are counted and checked.

Needs: Python packages reader, feedparser, requests, pycurl, lxml (and uvloop,
for the origin); Debian packages newsboat and sfeed.  A peer that is not
installed is skipped.  Only loopback addresses are contacted.
"""

import argparse
import glob
import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
PHASES = ("cold", "304", "same200", "touch200", "new1")
MODE = {
    "cold": "normal",
    "304": "normal",
    "same200": "no304",
    "touch200": "touch",
    "new1": "changed&k=1",
}


# --------------------------------------------------------------- measuring


def measure(cmd, cwd, env=None, log=None):
    """Run cmd; return wall, CPU (children included) and peak RSS of the largest process."""
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if log else subprocess.DEVNULL
    t = time.perf_counter()
    p = subprocess.Popen(
        cmd,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
    )
    _, status, ru = os.wait4(p.pid, 0)
    wall = time.perf_counter() - t
    p.returncode = os.waitstatus_to_exitcode(status)
    if log:
        os.close(out)
    return {
        "wall": wall,
        "cpu": ru.ru_utime + ru.ru_stime,
        "user": ru.ru_utime,
        "sys": ru.ru_stime,
        "rss_mb": ru.ru_maxrss / 1024,
        "rc": p.returncode,
    }


class OriginProc:
    def __init__(self, n, hosts, delay_ms, workdir, entries=50):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.urls_file = Path(workdir, "urls.txt")
        self.p = subprocess.Popen(
            [
                sys.executable,
                HERE / "origin.py",
                str(n),
                "--port",
                str(self.port),
                "--hosts",
                str(hosts),
                "--delay-ms",
                str(delay_ms),
                "--entries",
                str(entries),
                "--urls",
                self.urls_file,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.banner = self.p.stdout.readline().strip()

    def get(self, path):
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=600) as r:
            return json.load(r)

    def stop(self):
        self.p.terminate()
        self.p.wait()


def du(path):
    """Bytes of a store: one SQLite file with its -wal, or a folder."""
    path = Path(path)
    if path.is_dir():
        return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    return sum(os.path.getsize(f) for f in glob.glob(f"{path}*"))


def count(db, table):
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as c:
        return c.execute(f"select count(*) from {table}").fetchone()[0]


# ------------------------------------------------------------------- peers


class Peer:
    name = "?"

    def __init__(self, workdir, urls_file):
        self.dir = Path(workdir, self.name)
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.urls_file = urls_file
        self.env = {"HOME": str(self.dir)}
        self.setup()

    def setup(self):
        pass

    def child(self, *args):
        return [sys.executable, str(Path(__file__).resolve()), "child", *map(str, args)]


class Naive(Peer):
    name = "naive"
    needs = ("feedparser", "requests")

    def setup(self):
        self.store = self.dir / "db.sqlite"

    def cmd(self):
        return self.child("naive", self.store, self.urls_file)

    def items(self):
        return count(self.store, "item")


class Reader1(Peer):
    name, workers = "reader-w1", 1
    needs = ("reader",)

    def setup(self):
        self.store = self.dir / "db.sqlite"
        subprocess.run(self.child("reader-add", self.store, self.urls_file), check=True)

    def cmd(self):
        return self.child("reader", self.store, self.workers)

    def items(self):
        return count(self.store, "entries")


class Reader8(Reader1):
    name, workers = "reader-w8", 8


class Newsboat1(Peer):
    name, threads = "newsboat-t1", 1
    needs = ("/usr/bin/newsboat",)

    def setup(self):
        self.store = self.dir / "cache.db"
        (self.dir / "config").write_text(f"reload-threads {self.threads}\nmax-items 0\n")

    def cmd(self):
        return [
            "newsboat",
            "-u",
            self.urls_file,
            "-c",
            self.store,
            "-C",
            self.dir / "config",
            "-x",
            "reload",
        ]

    def items(self):
        return count(self.store, "rss_item")


class Newsboat8(Newsboat1):
    name, threads = "newsboat-t8", 8


class Sfeed(Peer):
    name = "sfeed-j8"
    needs = ("/usr/bin/sfeed_update",)
    fetch = ""

    def setup(self):
        self.store = self.dir / "feeds"
        lines = [
            f'  feed "f{i}" "{u}"' for i, u in enumerate(Path(self.urls_file).read_text().split())
        ]
        (self.dir / "sfeedrc").write_text(
            f'sfeedpath="{self.store}"\nmaxjobs=8\n{self.fetch}feeds() {{\n'
            + "\n".join(lines)
            + "\n}\n"
        )

    def cmd(self):
        return ["sfeed_update", self.dir / "sfeedrc"]

    def items(self):
        return sum(f.read_bytes().count(b"\n") for f in self.store.iterdir() if f.is_file())


class SfeedEtag(Sfeed):
    """sfeed with the ETag-caching fetch() that its README suggests."""

    name = "sfeed-j8-etag"
    fetch = (
        'fetch() {\n  etag="${HOME}/etags/$(basename "$3")"\n  mkdir -p "${HOME}/etags"\n'
        '  curl --compressed -L --max-redirs 0 -H "User-Agent:" -f -s -m 15 '
        '--etag-save "${etag}" --etag-compare "${etag}" "$2" 2>/dev/null\n}\n'
    )


class Aggregator(Peer):
    """This project: `aggregator poll`, documents published."""

    name = "aggregator"
    needs = ("aggregator",)

    def setup(self):
        self.store = self.dir / "aggregator.db"
        urls = Path(self.urls_file).read_text().split()
        (self.dir / "feeds.yaml").write_text(
            "title: bench\nbase_url: http://127.0.0.1:8000\nstore: sqlite:aggregator.db\n"
            "publish: {directory: public}\n"
            "fetch: {allow_private: [127.0.0.0/8], per_host: 16}\nsources:\n"
            + "".join(f"  - {{id: s{i}, url: '{u}'}}\n" for i, u in enumerate(urls))
        )

    def cmd(self):
        config = self.dir / "feeds.yaml"
        return [sys.executable, "-m", "aggregator", "poll", "--force", "--config", config]

    def items(self):
        return count(self.store, "entries")


class Floor(Peer):
    """Not a peer: the least one Python process must do (see child_floor)."""

    name = "floor"
    needs = ("pycurl", "lxml")

    def setup(self):
        self.store = self.dir / "db.sqlite"

    def cmd(self):
        return self.child("floor", self.store, self.urls_file)

    def items(self):
        return count(self.store, "item")


PEERS = {
    p.name: p
    for p in (Aggregator, Floor, Newsboat1, Newsboat8, Sfeed, SfeedEtag, Reader1, Reader8, Naive)
}


def installed(peer):
    return all(os.path.exists(x) if x.startswith("/") else find_spec(x) for x in peer.needs)


# --------------------------------------------------- what the children run


def child_naive(store, urls_file):
    """The script people write: requests + feedparser + one INSERT an entry."""
    import feedparser
    import requests

    db = sqlite3.connect(store)
    db.execute("create table if not exists feed(url text primary key, etag text, modified text)")
    db.execute(
        "create table if not exists item(feed text, id text, title text, link text, "
        "published text, tags text, content text, primary key(feed, id))"
    )
    s = requests.Session()
    for url in Path(urls_file).read_text().split():
        row = db.execute("select etag, modified from feed where url=?", (url,)).fetchone() or (
            None,
            None,
        )
        h = {}
        if row[0]:
            h["If-None-Match"] = row[0]
        if row[1]:
            h["If-Modified-Since"] = row[1]
        r = s.get(url, headers=h, timeout=30)
        if r.status_code != 200:
            continue
        d = feedparser.parse(r.content)
        for e in d.entries:
            content = e.content[0].value if "content" in e else e.get("summary", "")
            db.execute(
                "insert or ignore into item values(?,?,?,?,?,?,?)",
                (
                    url,
                    e.get("id") or e.link,
                    e.title,
                    e.link,
                    e.get("published"),
                    ",".join(t.term for t in e.get("tags", ())),
                    content,
                ),
            )
        db.execute(
            "insert or replace into feed values(?,?,?)",
            (url, r.headers.get("ETag"), r.headers.get("Last-Modified")),
        )
        db.commit()


def child_reader_add(store, urls_file):
    from reader import make_reader

    r = make_reader(store)
    for u in Path(urls_file).read_text().split():
        r.add_feed(u)


def child_reader(store, workers):
    from reader import make_reader

    make_reader(store).update_feeds(workers=int(workers), scheduled=False)


ATOM = "{http://www.w3.org/2005/Atom}"


def extract(root):
    """(id, title, link, date, categories, html) of each entry; well-formed input only."""
    out = []
    if root.tag == "rss":
        for it in root[0].iterchildren("item"):
            f = {}
            cats = []
            for c in it:
                if c.tag == "category":
                    cats.append(c.text)
                else:
                    f[c.tag] = c.text
            out.append(
                (
                    f.get("guid") or f.get("link"),
                    f.get("title"),
                    f.get("link"),
                    f.get("pubDate"),
                    ",".join(cats),
                    f.get("{http://purl.org/rss/1.0/modules/content/}encoded")
                    or f.get("description"),
                )
            )
    else:
        for it in root.iterchildren(ATOM + "entry"):
            f = {}
            cats = []
            for c in it:
                tag = c.tag
                if tag == ATOM + "category":
                    cats.append(c.get("term"))
                elif tag == ATOM + "link":
                    f[tag] = c.get("href")
                else:
                    f[tag] = c.text
            out.append(
                (
                    f.get(ATOM + "id"),
                    f.get(ATOM + "title"),
                    f.get(ATOM + "link"),
                    f.get(ATOM + "published"),
                    ",".join(cats),
                    f.get(ATOM + "content") or f.get(ATOM + "summary"),
                )
            )
    return out


def open_store(store):
    db = sqlite3.connect(store, isolation_level=None)
    db.executescript(
        "pragma journal_mode=wal; pragma synchronous=normal;"
        "create table if not exists feed(id integer primary key, url text unique, etag text, "
        "modified text, hash blob);"
        "create table if not exists item(feed integer, guid text, title text, link text, "
        "published text, cats text, content text, primary key(feed, guid));"
    )
    return db


def child_floor(store, urls_file, width=32):
    """Fetch with one curl multi, parse with lxml, insert by executemany: no
    sanitising, no dates, no categories, no error handling.  A body whose hash
    is known is not parsed."""
    import hashlib
    from collections import deque
    from io import BytesIO

    import pycurl
    from lxml import etree

    db = open_store(store)
    todo = deque((i, u) for i, u in enumerate(Path(urls_file).read_text().split()))
    known = {r[0]: r[1:] for r in db.execute("select id, etag, modified, hash from feed")}
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, width)
    free = []
    for _ in range(width):
        c = pycurl.Curl()
        c.setopt(pycurl.ENCODING, "gzip")
        c.setopt(pycurl.NOSIGNAL, 1)
        free.append(c)
    live = 0
    db.execute("begin")
    while todo or live:
        while todo and free:
            c = free.pop()
            i, url = todo.popleft()
            c.buf, c.head, c.i, c.url = BytesIO(), [], i, url
            k = known.get(i)
            c.setopt(pycurl.URL, url)
            c.setopt(
                pycurl.HTTPHEADER,
                [f"If-None-Match: {k[0]}", f"If-Modified-Since: {k[1]}"] if k and k[0] else [],
            )
            c.setopt(pycurl.WRITEFUNCTION, c.buf.write)
            c.setopt(pycurl.HEADERFUNCTION, c.head.append)
            multi.add_handle(c)
            live += 1
        multi.perform()
        while True:
            left, good, bad = multi.info_read()
            for c in good:
                multi.remove_handle(c)
                live -= 1
                free.append(c)
                if c.getinfo(pycurl.RESPONSE_CODE) != 200:
                    continue
                body = c.buf.getvalue()
                h = hashlib.blake2b(body, digest_size=16).digest()
                k = known.get(c.i)
                if k and k[2] == h:
                    continue
                head = {}
                for line in c.head:
                    a, _, b = line.decode("latin-1").partition(":")
                    head[a.lower()] = b.strip()
                rows = extract(etree.fromstring(body, parser))
                if k:
                    seen = {r[0] for r in db.execute("select guid from item where feed=?", (c.i,))}
                    rows = [r for r in rows if r[0] not in seen]
                db.executemany(
                    "insert or ignore into item values(?,?,?,?,?,?,?)", [(c.i, *r) for r in rows]
                )
                db.execute(
                    "insert or replace into feed values(?,?,?,?,?)",
                    (c.i, c.url, head.get("etag"), head.get("last-modified"), h),
                )
            for c, _, msg in bad:
                raise SystemExit(f"{c.url}: {msg}")
            if not left:
                break
        if live:
            multi.select(1.0)
    db.execute("commit")


CHILDREN = {
    "naive": child_naive,
    "reader-add": child_reader_add,
    "reader": child_reader,
    "floor": child_floor,
}


# ------------------------------------------------------------------ driver


def run_round(names, phases, origin, n, entries, workdir, results, rnd):
    for name in names:
        peer = PEERS[name](workdir, origin.urls_file)
        origin.get("/ctl/mode?m=normal")
        for phase in phases:
            if phase != "cold":
                origin.get(f"/ctl/mode?m={MODE[phase]}")
            if phase == "304":  # newsboat stores validators only at its second poll
                measure(peer.cmd(), peer.dir, peer.env, peer.dir / "log.txt")
            origin.get("/ctl/stats?reset=1")
            m = measure(peer.cmd(), peer.dir, peer.env, peer.dir / "log.txt")
            st = origin.get("/ctl/stats")
            m.update(
                peer=name,
                phase=phase,
                round=rnd,
                n=n,
                requests=st["requests"],
                not_modified=st["not_modified"],
                mb=st["bytes"] / 1e6,
                conns=st["connections"],
                origin_cpu=st["cpu_s"],
                store_mb=du(peer.store) / 1e6,
                items=peer.items(),
            )
            want = n * (entries + (phase == "new1"))
            m["good"] = m["items"] == want
            results.append(m)
            print(
                f"# {rnd} {name:14} {phase:9} wall {m['wall']:7.2f} cpu {m['cpu']:7.2f} "
                f"rss {m['rss_mb']:6.0f} MB items {m['items']}"
                f"{'' if m['good'] else f' (expected {want})'} req {m['requests']} "
                f"304 {m['not_modified']} {m['mb']:.1f} MB rc {m['rc']}",
                file=sys.stderr,
                flush=True,
            )
        shutil.rmtree(peer.dir)


def table(results, n, entries):
    head = (
        "peer",
        "phase",
        "wall s",
        "CPU s",
        "feeds/s",
        "CPU ms/feed",
        "items/s",
        "RSS MB",
        "store MB",
        "304s",
        "MB in",
        "conns",
        "origin CPU s",
        "items ok",
    )
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in dict.fromkeys(r["peer"] for r in results):
        for phase in PHASES:
            rs = [r for r in results if r["peer"] == name and r["phase"] == phase]
            if not rs:
                continue
            med = {
                k: statistics.median(r[k] for r in rs)
                for k in (
                    "wall",
                    "cpu",
                    "rss_mb",
                    "store_mb",
                    "not_modified",
                    "mb",
                    "conns",
                    "origin_cpu",
                )
            }
            per = {"cold": entries, "new1": 1}.get(phase, 0) * n
            lines.append(
                f"| {name} | {phase} | {med['wall']:.2f} | {med['cpu']:.2f} | "
                f"{n / med['wall']:.0f} | {1000 * med['cpu'] / n:.2f} | "
                f"{round(per / med['wall']) if per else '-'} | "
                f"{med['rss_mb']:.0f} | {med['store_mb']:.1f} | "
                f"{med['not_modified']:.0f} | {med['mb']:.1f} | {med['conns']:.0f} | "
                f"{med['origin_cpu']:.2f} | {'yes' if all(r['good'] for r in rs) else 'NO'} |"
            )
    return "\n".join(lines)


def main():
    if sys.argv[1:2] == ["child"]:
        CHILDREN[sys.argv[2]](*sys.argv[3:])
        return
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--n", type=int, default=500)
    p.add_argument(
        "--entries",
        type=int,
        default=50,
        help="entries a feed; small to see the cost of polling alone",
    )
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--only", default=",".join(PEERS))
    p.add_argument(
        "--phases", default=",".join(PHASES), help="comma-separated; cold is always run first"
    )
    p.add_argument("--hosts", type=int, default=1)
    p.add_argument("--delay-ms", type=float, default=0)
    p.add_argument(
        "--workdir",
        help="where the stores go: a disk, or /dev/shm to leave fsync out (default: temporary)",
    )
    p.add_argument("--json", help="write every single result here, after each round")
    p.add_argument("--list", action="store_true")
    args = p.parse_args()
    if args.list:
        print(
            "\n".join(f"{k}{'' if installed(v) else ' (not installed)'}" for k, v in PEERS.items())
        )
        return
    names = [x for x in args.only.split(",") if installed(PEERS[x])]
    phases = [x for x in PHASES if x == "cold" or x in args.phases.split(",")]
    results = []
    with tempfile.TemporaryDirectory(prefix="run_peers_", dir=args.workdir) as workdir:
        origin = OriginProc(args.n, args.hosts, args.delay_ms, workdir, args.entries)
        print("#", origin.banner, file=sys.stderr)
        try:
            for rnd in range(args.rounds):
                run_round(names, phases, origin, args.n, args.entries, workdir, results, rnd)
                if args.json:
                    Path(args.json).write_text(json.dumps(results, indent=1))
        finally:
            origin.stop()
    print(table(results, args.n, args.entries))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A fast loopback HTTP/1.1 origin that serves N synthetic feeds, for benchmarks.

    python origin.py N [--port 8099] [--seed 1] [--entries 50] [--hosts 1]
                       [--delay-ms 0] [--close] [--urls FILE]

Feeds are at /feed/<i>.xml, 0 <= i < N.  i % 4 picks the kind:
0 RSS 2.0/English, 1 Atom/English, 2 RSS 2.0/Chinese, 3 Atom/Chinese.  Each has
`--entries` entries with title, link, guid/id, date, 2-4 categories and about
1.5 KB of HTML.  The same seed gives the same bytes on every machine.  All
bodies are rendered and gzipped before the socket opens.

Conditional requests follow RFC 9110 (If-None-Match wins over
If-Modified-Since); gzip is used when accepted; connections are kept alive.

Control (GET, answers with one JSON line when the new state is ready):
    /ctl/mode?m=normal      answer conditional requests with 304 (the start)
    /ctl/mode?m=changed&k=1 put k new entries at the top of every feed (the k
                            oldest fall off), new ETag; then as m=normal
    /ctl/mode?m=no304       always 200, same body, no validators sent
    /ctl/mode?m=touch       as no304, but the feed's own build date (and only
                            that) changed: new bytes, no new entries
    /ctl/mode?m=reset       back to the first state
    /ctl/stats              requests, 200s, 304s, body bytes, own CPU seconds
                            since the last /ctl/stats?reset=1
`--hosts H` listens on H loopback addresses (127.0.0.1 .. 127.x.y.z) so that
feed i has its own "site"; `--delay-ms` answers late, as a distant site would;
`--close` refuses keep-alive.  Only loopback addresses are ever bound.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import random
import resource
import sys
import time
from email.utils import formatdate
from html import escape
from urllib.parse import parse_qs, urlsplit

EPOCH = 1795132800  # 2026-11-20T00:00:00Z: the date of generation 0
GZIP_LEVEL = 6

EN_WORDS = (
    "time year people way day thing world life hand part child eye place work week case "
    "point government company number group problem fact system program question network "
    "release version kernel memory driver update server client protocol database index "
    "query storage engine compiler language library package security patch report market "
    "price growth energy climate river city council election minister budget health school "
    "study research science planet orbit telescope galaxy protein vaccine patient hospital "
    "music film actor album festival museum painter novel writer player match season league "
    "coach goal score record train bridge airport traffic battery vehicle engineer factory "
    "said made found began shows keeps moves brings holds writes gives takes calls tries "
    "asks needs feels becomes leaves puts means lets turns starts might could would should "
    "new good first last long great little own other old right big high different small "
    "large next early young important few public bad same able with from into over after "
    "under between through during before about against the a of to in and is that it for"
).split()
ZH_WORDS = (
    "时间 人民 世界 生活 工作 问题 公司 政府 系统 网络 服务器 数据库 内核 驱动 更新 版本 发布 "
    "安全 漏洞 修复 协议 语言 编译器 软件 开源 社区 开发者 用户 市场 价格 增长 能源 气候 城市 "
    "委员会 选举 预算 医院 学校 研究 科学 行星 轨道 望远镜 星系 蛋白质 疫苗 患者 音乐 电影 演员 "
    "专辑 博物馆 画家 小说 作家 球员 比赛 赛季 联赛 教练 记录 火车 桥梁 机场 交通 电池 汽车 "
    "工程师 工厂 表示 认为 发现 开始 显示 继续 推动 带来 保持 提供 需要 成为 离开 意味着 尝试 "
    "新的 重要 第一 最后 不同 公共 年轻 目前 之前 之后 以及 因为 所以 但是 如果 可以 可能 应该 "
    "我们 他们 这个 那个 一些 许多 非常 已经 正在 通过 对于 关于 在 的 了 和 是 有 也 都 而 与 将"
).split()
EN_CATS = (
    "Linux|Security|Databases|Science|Space|Health|Politics|Markets|Energy|Culture|Sport|Transport|"
    "AI & ML|Web|Hardware|Opinion"
).split("|")
ZH_CATS = (
    "科技|安全|数据库|科学|航天|健康|时政|财经|能源|文化|体育|交通|人工智能|互联网|硬件|观点"
).split("|")


class Text:
    """Sentences of one language, drawn from a pool made once."""

    def __init__(self, lang, seed):
        rng = random.Random(f"{seed}/{lang}")
        self.lang = lang
        self.cats = ZH_CATS if lang == "zh" else EN_CATS
        self.pool = [self._sentence(rng) for _ in range(6000)]

    def _sentence(self, rng):
        if self.lang == "zh":
            w = rng.choices(ZH_WORDS, k=rng.randint(9, 18))
            w.insert(rng.randint(3, 6), "，")
            return "".join(w) + "。"
        w = rng.choices(EN_WORDS, k=rng.randint(8, 20))
        return " ".join(w).capitalize() + "."

    def title(self, rng):
        return rng.choice(self.pool)[:-1][: 28 if self.lang == "zh" else 70]

    def html(self, rng, link):
        s = rng.choices(self.pool, k=16)
        take = s.pop
        parts = [
            f'<p>{take()} {take()} <a href="{link}#more" rel="nofollow">{take()[:24]}</a> '
            f"{take()}</p>",
            f'<figure><img src="{link}/cover.jpg" alt="{take()[:20]}" width="960" height="540" '
            'loading="lazy"/>'
            f"<figcaption>{take()[:40]}</figcaption></figure>",
            f'<p class="lead">{take()} <strong>{take()[:18]}</strong> {take()} &amp; {take()}</p>',
            f"<ul><li>{take()}</li><li><em>{take()[:20]}</em></li></ul>",
            f"<blockquote><p>{take()}</p></blockquote>",
        ]
        out, size = [], 0
        for p in parts:
            out.append(p)
            size += len(p.encode())
        while size < 1480:
            p = f"<p>{rng.choice(self.pool)}</p>"
            out.append(p)
            size += len(p.encode())
        return "\n".join(out)


def rfc3339(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


class Feed:
    def __init__(self, i, seed, texts, n_entries):
        self.i, self.seed = i, seed
        self.atom = bool(i & 1)
        self.text = texts["zh" if i & 2 else "en"]
        self.site = f"https://site{i}.example"
        self.serial = 0
        rng = random.Random(f"{seed}/feed/{i}")
        self.title = f"{self.text.title(rng)} #{i}"
        self.entries = []
        self.built = EPOCH + i
        for _ in range(n_entries):
            self.push()

    def push(self):
        """One new entry at the top."""
        n = self.serial
        self.serial += 1
        rng = random.Random(f"{self.seed}/{self.i}/{n}")
        when = EPOCH - 50 * 3600 + n * 3600 + rng.randint(0, 3000)
        link = f"{self.site}/{time.strftime('%Y/%m', time.gmtime(when))}/post-{n}"
        title, html = self.text.title(rng), self.text.html(rng, link)
        cats = rng.sample(self.text.cats, rng.randint(2, 4))
        lead = rng.choice(self.text.pool)
        if self.atom:
            e = (
                f"<entry>\n<title>{escape(title)}</title>\n"
                f'<link rel="alternate" type="text/html" href="{link}"/>\n'
                f"<id>tag:site{self.i}.example,2026:{n}</id>\n"
                f"<published>{rfc3339(when)}</published>\n<updated>{rfc3339(when)}</updated>\n"
                f"<author><name>author{rng.randint(1, 9)}</name></author>\n"
                + "".join(f'<category term="{escape(c)}"/>\n' for c in cats)
                + f'<summary type="text">{escape(lead)}</summary>\n'
                f'<content type="html">{escape(html)}</content>\n</entry>\n'
            )
        else:
            e = (
                f"<item>\n<title>{escape(title)}</title>\n<link>{link}</link>\n"
                f'<guid isPermaLink="false">{self.site}/?p={n}</guid>\n'
                f"<pubDate>{formatdate(when, usegmt=True)}</pubDate>\n"
                f"<dc:creator>author{rng.randint(1, 9)}</dc:creator>\n"
                + "".join(f"<category><![CDATA[{c}]]></category>\n" for c in cats)
                + f"<description>{escape(lead)}</description>\n"
                f"<content:encoded><![CDATA[{html}]]></content:encoded>\n</item>\n"
            )
        self.entries.insert(0, e)
        self.built = max(self.built, EPOCH + self.i + n * 3600)

    def change(self, k):
        for _ in range(k):
            self.push()
            self.entries.pop()

    def body(self):
        if self.atom:
            return (
                '<?xml version="1.0" encoding="utf-8"?>\n'
                '<feed xmlns="http://www.w3.org/2005/Atom">\n'
                f"<title>{escape(self.title)}</title>\n<id>{self.site}/</id>\n"
                f'<link rel="self" href="{self.site}/feed.xml"/>\n<link href="{self.site}/"/>\n'
                f"<updated>{rfc3339(self.built)}</updated>\n" + "".join(self.entries) + "</feed>\n"
            ).encode()
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">\n'
            f"<channel>\n<title>{escape(self.title)}</title>\n<link>{self.site}/</link>\n"
            f'<atom:link href="{self.site}/feed.xml" rel="self" type="application/rss+xml"/>\n'
            f"<description>{escape(self.title)}</description>\n"
            f"<language>{'zh-CN' if self.text.lang == 'zh' else 'en'}</language>\n"
            f"<lastBuildDate>{formatdate(self.built, usegmt=True)}</lastBuildDate>\n"
            + "".join(self.entries)
            + "</channel>\n</rss>\n"
        ).encode()

    def render(self):
        body = self.body()
        packed = gzip.compress(body, GZIP_LEVEL, mtime=0)
        etag = f'W/"{hashlib.sha1(body).hexdigest()[:20]}"'
        modified = formatdate(self.built, usegmt=True)
        ctype = "application/atom+xml" if self.atom else "application/rss+xml"
        common = f"Content-Type: {ctype}; charset=utf-8\r\nVary: Accept-Encoding\r\n"
        valid = f"ETag: {etag}\r\nLast-Modified: {modified}\r\n"
        self.etag = etag.encode()
        self.opaque = etag[2:].encode()
        self.modified = modified.lower().encode()
        self.size = (len(body), len(packed))

        # Each answer is one bytes object: its status line, headers and body in
        # one write.  A Date header is not required of an origin with no clock.
        def answer(v, enc, b):
            return (
                f"HTTP/1.1 200 OK\r\n{common}{v}{enc}Content-Length: {len(b)}\r\n\r\n".encode() + b
            )

        gz = "Content-Encoding: gzip\r\n"
        self.ok = {
            (v, g): answer(valid if v else "", gz if g else "", packed if g else body)
            for v in (0, 1)
            for g in (0, 1)
        }
        self.not_modified = (
            f"HTTP/1.1 304 Not Modified\r\n{valid}Vary: Accept-Encoding\r\n\r\n".encode()
        )


class State:
    def __init__(self, args):
        texts = {lang: Text(lang, args.seed) for lang in ("en", "zh")}
        self.args, self.texts = args, texts
        self.delay = args.delay_ms / 1000
        self.build()
        self.zero()

    def build(self):
        a = self.args
        self.feeds = [Feed(i, a.seed, self.texts, a.entries) for i in range(a.n)]
        self.mode = "normal"
        self.render()

    def render(self):
        for f in self.feeds:
            f.render()

    def zero(self):
        self.n_req = self.n_200 = self.n_304 = self.n_bytes = self.n_conn = 0
        self.cpu0 = self._cpu()

    @staticmethod
    def _cpu():
        r = resource.getrusage(resource.RUSAGE_SELF)
        return r.ru_utime + r.ru_stime

    def control(self, target):
        u = urlsplit(target.decode())
        q = {k: v[-1] for k, v in parse_qs(u.query).items()}
        if u.path == "/ctl/mode":
            m = q.get("m", "normal")
            if m == "reset":
                self.build()
            elif m == "changed":
                for f in self.feeds:
                    f.change(int(q.get("k", 1)))
                self.render()
                self.mode = "normal"
            elif m == "touch":
                for f in self.feeds:
                    f.built += 1
                self.render()
                self.mode = "no304"
            elif m in ("normal", "no304"):
                self.mode = m
            else:
                return 400, {"error": "no such mode"}
            return 200, {"mode": m}
        if u.path == "/ctl/stats":
            out = {
                "requests": self.n_req,
                "ok": self.n_200,
                "not_modified": self.n_304,
                "bytes": self.n_bytes,
                "connections": self.n_conn,
                "cpu_s": round(self._cpu() - self.cpu0, 3),
                "feeds": len(self.feeds),
                "plain_bytes": sum(f.size[0] for f in self.feeds),
                "gzip_bytes": sum(f.size[1] for f in self.feeds),
            }
            if q.get("reset"):
                self.zero()
            return 200, out
        return 404, {"error": "not found"}


def header(head, name):
    """The value of a header in an already lower-cased request head, or None."""
    at = head.find(b"\r\n" + name + b":")
    if at < 0:
        return None
    at += len(name) + 3
    return head[at : head.find(b"\r\n", at)].strip()


class Origin(asyncio.Protocol):
    def __init__(self, state, loop):
        self.state, self.loop = state, loop
        self.buf = b""

    def connection_made(self, transport):
        self.transport = transport
        self.state.n_conn += 1

    def data_received(self, data):
        buf = self.buf + data if self.buf else data
        while True:
            end = buf.find(b"\r\n\r\n")
            if end < 0:
                break
            self.answer(buf[: end + 2])
            buf = buf[end + 4 :]
        self.buf = buf
        if len(buf) > 65536:
            self.transport.close()

    def answer(self, head):
        st = self.state
        line, _, _ = head.partition(b"\r\n")
        try:
            method, target, version = line.split(b" ")
        except ValueError:
            self.transport.close()
            return
        low = head.lower()
        conn = header(low, b"connection") or b""
        close = (
            st.args.close
            or b"close" in conn
            or (version == b"HTTP/1.0" and b"keep-alive" not in conn)
        )
        if method not in (b"GET", b"HEAD"):
            self.send(
                b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\n\r\n",
                True,
            )
            return
        if target.startswith(b"/ctl/"):
            code, obj = st.control(target)
            b = (json.dumps(obj) + "\n").encode()
            self.send(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (code, len(b))
                + b,
                close,
            )
            return
        try:
            feed = (
                st.feeds[int(target[6:-4])]
                if target.startswith(b"/feed/") and target.endswith(b".xml")
                else None
            )
        except (ValueError, IndexError):
            feed = None
        st.n_req += 1
        if feed is None:
            self.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", close)
            return
        if st.mode == "normal":
            inm = header(low, b"if-none-match")
            if inm is not None:
                same = feed.opaque in inm or inm == b"*"
            else:
                ims = header(low, b"if-modified-since")
                same = ims is not None and ims == feed.modified
            if same:
                st.n_304 += 1
                self.send(feed.not_modified, close)
                return
        accept = header(low, b"accept-encoding") or b""
        out = feed.ok[st.mode == "normal", b"gzip" in accept]
        if method == b"HEAD":
            out = out[: out.find(b"\r\n\r\n") + 4]
        st.n_200 += 1
        st.n_bytes += len(out)
        self.send(out, close)

    def send(self, out, close):
        if close:
            out = out.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        if self.state.delay:
            self.loop.call_later(self.state.delay, self.write, out, close)
        else:
            self.write(out, close)

    def write(self, out, close):
        self.transport.write(out)
        if close:
            self.transport.close()


def host_of(i, hosts):
    """The loopback address that feed i lives at."""
    n = i % hosts
    return "127.0.0.1" if n == 0 else f"127.1.{n >> 8}.{n & 255}"


def url_of(i, port, hosts=1):
    return f"http://{host_of(i, hosts)}:{port}/feed/{i}.xml"


def write_urls(args):
    with open(args.urls, "w") as f:
        f.writelines(url_of(i, args.port, args.hosts) + "\n" for i in range(args.n))


async def serve(args):
    t = time.time()
    state = State(args)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Origin(state, loop),
        [host_of(i, args.hosts) for i in range(args.hosts)],
        args.port,
        backlog=4096,
    )
    plain, packed = (sum(f.size[j] for f in state.feeds) for j in (0, 1))
    if args.urls:
        write_urls(args)
    print(
        f"ready: {args.n} feeds, {plain / args.n / 1000:.1f} KB plain, "
        f"{packed / args.n / 1000:.1f} KB gzip each, "
        f"rendered in {time.time() - t:.1f} s, {type(loop).__module__}",
        flush=True,
    )
    async with server:
        await server.serve_forever()


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("n", type=int)
    p.add_argument("--port", type=int, default=8099)
    p.add_argument("--seed", default="1")
    p.add_argument("--entries", type=int, default=50)
    p.add_argument("--hosts", type=int, default=1)
    p.add_argument("--delay-ms", type=float, default=0)
    p.add_argument("--close", action="store_true")
    p.add_argument("--urls", help="write the feed addresses to this file, one a line")
    args = p.parse_args()
    try:
        import uvloop as loops
    except ImportError:
        loops = asyncio
    try:
        loops.run(serve(args))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()

"""Names of months, days and zones in many languages → numbers."""

from __future__ import annotations

import re

_MONTHS = """
1 january jan janvier janv januar jänner enero ene gennaio gen janeiro januari januára január
1 января январь янв stycznia ledna ocak ιαν ιανουαρίου 一月 1月
2 february feb février fevrier févr fev februar febrero febbraio fevereiro februari február
2 февраля февраль фев lutego února şubat φεβ φεβρουαρίου 二月 2月
3 march mar mars märz maerz mrz marzo março maart március
3 марта март мар marca března mart μαρ μάρ μαρτίου 三月 3月
4 april apr avril avr abril abr aprile április
4 апреля апрель апр kwietnia dubna nisan απρ απριλίου 四月 4月
5 may mai mayo maggio mag maio mei május
5 мая май maja května mayıs μάι μαϊ μαι μαΐου μαίου 五月 5月
6 june jun juin juni junio giugno giu junho június
6 июня июнь июн czerwca června haziran ιουν ιούν ιον ιουνίου 六月 6月
7 july jul juillet juil juli julio luglio lug julho július
7 июля июль июл lipca července temmuz ιουλ ιούλ ιολ ιουλίου 七月 7月
8 august aug août aout agosto ago augustus augusztus
8 августа август авг sierpnia srpna ağustos αυγ αύγ αυγούστου 八月 8月
9 september sep sept septembre septiembre settembre set setembro szeptember
9 сентября сентябрь сен сент września září eylül σεπ σεπτεμβρίου 九月 9月
10 october oct octobre oktober okt octubre ottobre ott outubro október
10 октября октябрь окт października října ekim οκτ οκτωβρίου 十月 10月
11 november nov novembre noviembre novembro
11 ноября ноябрь ноя listopada listopadu kasım νοε νοέ νοεμβρίου 十一月 11月
12 december dec décembre dez dezember diciembre dic dicembre dezembro
12 декабря декабрь дек grudnia prosince aralık δεκ δεκεμβρίου 十二月 12月
"""

MONTHS: dict[str, int] = {
    name: int(line.split()[0]) for line in _MONTHS.strip().splitlines() for name in line.split()[1:]
}

# RFC 822 section 5.1 and the abbreviations that servers write in its place; minutes from UTC.
# CST is left out: it is Beijing's as often as Chicago's, and the source's zone tells which.
_ZONES = """
0 z ut utc gmt wet
60 cet met mez west bst
120 cest mest mesz eet
180 eest msk trt
240 msd
300 pkt
330 ist
420 ict wib
480 hkt sgt pht awst
540 jst kst
570 acst
600 aest
630 acdt
660 aedt
720 nzst
780 nzdt
-150 ndt
-180 adt brt art
-210 nst
-240 edt ast clt
-300 est cdt cot pet
-360 mdt
-420 mst pdt
-480 pst akdt
-540 akst
-600 hst
"""
ZONES: dict[str, int] = {
    name: int(line.split()[0]) for line in _ZONES.strip().splitlines() for name in line.split()[1:]
}

# A weekday tells nothing that the date does not; it is taken away before reading.
WEEKDAY = re.compile(
    r"^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|"
    r"(?:lun|mar|mer|jeu|ven|sam|dim|lunes|martes|miércoles|jueves|viernes|sábado|domingo|"
    r"mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"пн|вт|ср|чт|пт|сб|вс|κυρ|δευ|τρι|τετ|πεμ|παρ|σαβ)\b)\.?[,，\s]\s*"
    r"|[（(](?:星期|周|週)[一二三四五六日天][)）]|(?:星期|周|週|礼拜)[一二三四五六日天]",
    re.IGNORECASE,
)

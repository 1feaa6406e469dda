"""The forms in which Chinese and English texts name their outlet and writers, and their padding.

All are meant for `match` at one place: the first character of a line chooses which are tried, so
that a line of plain article costs one look into a table.
"""

from __future__ import annotations

import re

# How names of outlets end. A name without such an end counts only where a mark such as "来源:"
# stands before it, or when it is in the table of outlets.
OUTLET_END = (
    "日报|晚报|早报|晨报|快报|时报|商报|都市报|青年报|周报|导报|电讯|新报|报社|周刊|杂志|通讯社|新华社|中新社|"
    "社|报|网|在线|客户端|新闻|电视台|电台|广播|卫视|频道|传媒|融媒体?|融媒体中心|发布|财经|视频|"
    "号|Daily|Times|Post|News|Reuters|AP|AFP|Guardian"
)
_NAME = r"[^\s,，。;；:：!！?？|丨()（）【】\[\]<>《》“”\"]"
OUTLET = rf"{_NAME}{{2,20}}"
OUTLET_SURE = rf"{_NAME}{{0,16}}(?:{OUTLET_END})"

SPACE = r"[ \t\u00a0\u3000]"
COLON = rf"{SPACE}*[:：]{SPACE}*"
# A person: two to four characters, or two with a space between (沈 筠).
PERSON = r"(?:[\u3400-\u9fff·]{2,4}|[\u3400-\u9fff] {1,3}[\u3400-\u9fff])"
_ROLE = r"(?:见习|实习|首席|特约|特派|驻[\u3400-\u9fff]{1,5}|全媒体)"
ROLE = (
    rf"(?:本报|本网|本台|本刊|{_NAME}{{2,12}}?)?{SPACE}*{_ROLE}*"
    r"(?:记者|通讯员|实习生|作者|撰文|摄影|文/图|图/文|文/摄|编辑|特约撰稿)"
)
PEOPLE = rf"{PERSON}(?:(?:{SPACE}|[、,，/])+{PERSON}(?![\u3400-\u9fff]))*"
_STOP = rf"(?={SPACE}|[\n)）】\]]|$)"
BYLINE = re.compile(
    rf"[■□◆●◎△▲※★▪◇○(（【\[]?{SPACE}*{ROLE}(?:{SPACE}|[:：/])+{PEOPLE}{_STOP}"
    rf"(?:{SPACE}*[/,，、]?{SPACE}*{ROLE}(?:{SPACE}|[:：/])+{PEOPLE}{_STOP})*"
    rf"(?:{SPACE}*(?:文/摄|文/图|图/文|摄影报道|报道|整理|摄))?{SPACE}*[)）】\]]?{SPACE}*"
)
# The same with the name right after the role, as in （记者陈宝云、王蕊）: only within brackets.
BYLINE_IN_BRACKETS = re.compile(
    rf"[(（]{SPACE}*(?:{ROLE}{SPACE}*{PEOPLE}{SPACE}*[,，;；、]?{SPACE}*)+[)）]{SPACE}*"
)

CREDIT = re.compile(
    r"[(（【\[■]?\s?(?:本文|文章|转载)?(?:转自|转载自|来源|稿源|稿件来源|信息来源|新闻来源|文章来源|来源于|出处|来自)"
    rf"{COLON}(?P<outlet>{OUTLET})[)）】\]]?{SPACE}*"
)
CREDIT_BARE = re.compile(
    rf"(?:本文|文章)?(?:转载自|转自|来自){SPACE}*[【\[“「《]?(?P<outlet>{OUTLET_SURE})[】\]”」》]?{SPACE}*(?=\n|$)"
)
ACCORDING = re.compile(
    rf"据(?P<outlet>{OUTLET_SURE})"
    r"(?:\d{1,2}月)?(?:\d{1,2}日)?(?:报道|消息|电|讯|通报|披露)[,，:：]?\s*"
)
BRACKETED = re.compile(rf"[(（【\[]{SPACE}*(?P<outlet>{OUTLET_SURE}){SPACE}*[)）】\]]{SPACE}*")
_DATE = r"(?:(?:\d{4}年)?\d{1,2}月\d{1,2}日|\d{1,2}日)"
DATELINE = re.compile(
    rf"(?P<outlet>本报|本网|本刊|本台|{OUTLET_SURE})(?P<place>[\u3400-\u9fff·]{{2,8}}?)?{SPACE}*"
    rf"(?P<date>{_DATE}){SPACE}*(?:电|讯)(?!影|视|子|力|商|台|话|信|脑|网|号|问){SPACE}*"
)
OWN_NEWS = re.compile(
    rf"(?P<outlet>本报|本网|本刊|本台|{OUTLET_SURE})讯(?!息|问|号|飞)(?:{SPACE}+|(?=[(（\n\u3400-\u9fff“])|$)"
)
ENGLISH_DATELINE = re.compile(
    r"(?P<place>[A-Z][A-Za-z. ]{2,30}(?:, [A-Z][A-Za-z. ]{2,20})?)"
    r"(?:, (?:[A-Z][a-z]{2,8}\.? \d{1,2}))? \((?P<outlet>[A-Z][A-Za-z ]{1,20})\) ?[-–—]+ "
)
ENGLISH_BYLINE = re.compile(
    r"[Bb]y (?:[A-Z][\w.'’-]+ ?){2,4}(?:,? and (?:[A-Z][\w.'’-]+ ?){2,4})?$"
)

FORMER_TITLE = re.compile(rf"[【\[]?原(?:标题|题)[】\]]?{COLON}")
LONGEST_TITLE = 40
SPACES = re.compile(rf"{SPACE}+")
SENTENCE = re.compile(r"[，。；,;]")
CREDIT_AHEAD = re.compile(
    rf"[■□◆●]|据{OUTLET_SURE}|本报讯|{ROLE}(?:{SPACE}|[:：]|$)|本文转自|转自|来源"
)

# A line that begins so is no part of the article; what it is. Looked for behind opening brackets.
_LINES: tuple[tuple[str, str], ...] = (
    ("disclaimer", r"(?:免责|版权|特别|郑重|转载|法律|权利)?(?:声明|说明)[】\])）]?[:：]"),
    ("disclaimer", r"(?:免责|版权|特别|郑重)声明"),
    ("disclaimer", r"(?:以上|上述|本文|文章)内容(?:为|仅|来|由|不|系|均|转|及|只|所)"),
    (
        "disclaimer",
        r"本(?:文|站|网|网站|平台|公众号|账号)(?:仅|不|所|对|系|注|来自|由|转载|部分|图片|观点|内容|信息|文章)",
    ),
    (
        "disclaimer",
        r"(?:未经|如需|任何|请勿|转载|禁止)[^\n]{0,12}(?:授权|许可|转载|注明|同意|使用)",
    ),
    ("disclaimer", r"凡[^\n]{0,12}(?:注明|标注|来源|转载)"),
    ("disclaimer", r"如(?:有|涉及|发现|果)[^\n]{0,16}(?:侵权|版权|删除|异议|联系)"),
    (
        "disclaimer",
        r"(?:文中|部分)?(?:图片|观点|文字|素材|内容)(?:仅代表|来自|来源|源自|均来)[^\n]{0,12}(?:网络|作者|互联网)",
    ),
    (
        "disclaimer",
        r"(?:快照生成时间|信息原文地址|原文地址|原文链接|更新时间戳?|发布时间|时间)[:：]",
    ),
    ("disclaimer", r"(?i:disclaimer|all rights reserved|©|copyright)"),
    (
        "byline",
        r"(?:本文|本期|本版)?(?:责任|值班|执行|本版|本期|版面|新媒体|网络|视觉|流程)?(?:编辑|责编|编审|主编|审核|校对|监制|终审|初审|复审|审校|统筹|排版|美编|制图|摄影|来源编辑|策划|供稿|供图|投稿)[】\])）]?(?:[:：/|丨]|\s)",
    ),
    ("byline", r"(?:供稿|来稿)[:：]"),
    ("share", r"(?:分享|转发|收藏|点赞|一键|转载)(?:到|至|给|本文|在看|让|$|[:：|丨])"),
    ("share", r"(?i:share (?:this|on)|follow us|subscribe)"),
    (
        "promotion",
        r"(?:长按|扫码|扫描|扫一扫|识别|微信扫|点击|戳|请点|猛戳|搜索|打开|下载|添加|关注|欢迎关注|欢迎订阅|加入|订阅|更多精彩|更多内容|更多资讯|更多新闻|查看更多|阅读更多|了解更多|想看更多)[^\n]{0,80}$",
    ),
    ("promotion", r"(?:广告|推广|赞助|AD|Ad)[】\])）]?(?:[:：|丨]|$)"),
    ("promotion", r"(?:投稿|爆料|举报|合作|商务|联系|热线|咨询)[^\n]{0,8}(?:[:：]|邮箱|电话|热线)"),
    (
        "note",
        r"(?:相关|延伸|推荐|热门|更多|拓展|往期|精彩|猜你|大家都在)(?:阅读|新闻|链接|报道|推荐|文章|资讯|回顾|喜欢|看|内容)",
    ),
    (
        "note",
        r"(?:图集|组图|视频|专题|直播|延伸|编者按语?|标签|关键词|栏目|作者简介)[】\])）]{0,3}\s?[|丨:：]",
    ),
    ("note", r"(?i:related|read more|see also|recommended|more from|editor.s note)\b"),
)
# All in one: a match's `lastgroup` is the kind and, behind an underscore, a number.
LINE = re.compile("|".join(f"(?P<{kind}_{at}>{form})" for at, (kind, form) in enumerate(_LINES)))
# The longest line of boilerplate: what is longer is an article that begins like one.
LONGEST_LINE = 240

# What a cut-off summary ends with.
CUT_END = re.compile(
    r"(?:\s*(?:[\[【(（]?(?:详细|阅读全文|查看全文|展开全文|阅读原文|查看原文|"
    r"全文|更多|点击查看|Read more|Continue reading)"
    r"(?:>+|»|…|\.{3})?[\]】)）]?|…+|\.{3,}|\[…\]|\[\.\.\.\]))+\s*$",
    re.IGNORECASE,
)
# A credit at the very end of a line: （来源:新华社）, (记者 张三).
END_CREDIT = re.compile(
    rf"\s*[(（【\[](?:(?:来源|稿源|转自|摘自|原载){COLON}?(?P<outlet>{OUTLET})"
    rf"|(?P<people>(?:{ROLE}{SPACE}*[:：]?{SPACE}*{PEOPLE}{SPACE}*[,，;；、]?{SPACE}*)+|完|责编[^\n)）]{{0,12}}))[)）】\]]\s*$"
)

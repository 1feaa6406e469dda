"""Pages of the kinds that Chinese news sites use, each with the text a reader came for.

Written for these tests: the layouts are those of portals, agencies, papers, governments and blogs,
the articles are made up. Every page surrounds its article with what such pages surround it with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Article:
    """An article: paragraphs are text, or HTML where they begin with `<`."""

    title: str
    paragraphs: tuple[str, ...]

    @property
    def html(self) -> str:
        """The paragraphs as most editors write them."""
        return "".join(p if p.startswith("<") else f"<p>{p}</p>" for p in self.paragraphs)

    @property
    def indented(self) -> str:
        """The same with the two wide blanks that old editors put before each."""
        return "".join(
            p if p.startswith("<") else f"<p>\u3000\u3000{p}</p>\n" for p in self.paragraphs
        )

    @property
    def broken(self) -> str:
        """The same with line breaks in place of paragraphs."""
        return "<br><br>\n".join(
            p if p.startswith("<") else f"\u3000\u3000{p}" for p in self.paragraphs
        )


@dataclass(frozen=True)
class NewsPage:
    """A page: its name, its HTML, its encoding, and what is to be found on it."""

    name: str
    html: str
    article: Article
    encoding: str = "utf-8"

    @property
    def body(self) -> bytes:
        """The page as it is sent."""
        return self.html.encode(self.encoding, "xmlcharrefreplace")


ARTICLES = (
    Article(
        "老茧厂里的新书房",
        (
            "周六一早，盐官路上的旧茧厂门口排起了队。门里不再有烘茧的热气，三层高的厂房被改成了一座书房，"
            "两万册图书沿着当年的传送带摆开，读者沿着它一路走上去，就像走进了一条时间的河。",
            "“我爷爷在这里烘过三十年茧子。”来看书的退休教师沈阿姨指着墙上的铁钩说，她特意带孙女来认一认，"
            "这些铁钩当年挂的是一筐筐雪白的蚕茧，如今挂的是一盏盏灯。",
            "记者从街道了解到，改造用了十四个月，花费一千一百万元，其中四成来自居民和企业的认筹。书房每天开放到"
            "晚上十点，周末还有面向孩子的手工课，半年里已经接待读者九万余人次。",
            "负责设计的周工说，最难的不是加固，而是克制：“能不动的都不动，墙上的粉笔字、地上的轨道、梁上的编号，"
            "都是这座房子的记忆。”他和同事花了两个月把每一处痕迹编号，再决定留哪些、补哪些。",
            "下一步，街道准备把隔壁的锅炉房也改出来，做一间小剧场，让本地的越剧社、皮影班有一个固定的去处。",
        ),
    ),
    Article(
        "明起降温，夜里要添衣",
        (
            "市气象台今天下午发布消息：受北方冷空气影响，明天起全市气温明显下降，过程降温六到八摄氏度，"
            "后天早晨山区最低气温可降到零摄氏度以下，有薄冰。",
            "专家提醒，老人和孩子要及时添衣，菜农要给大棚加盖草帘。",
        ),
    ),
    Article(
        "社区食堂一年账本公开：收支刚好打平",
        (
            "开张满一年，梧桐社区把食堂的账本贴上了公告栏。一年里卖出十二万六千份饭菜，收入一百八十九万元，"
            "支出一百八十八万四千元，结余六千元全部转入下一年的食材储备。",
            "<table border=1><tr><th>项目</th><th>金额（万元）</th></tr><tr><td>饭菜收入</td><td>189.0</td></tr>"
            "<tr><td>食材采购</td><td>112.3</td></tr><tr><td>人员工资</td><td>58.6</td></tr>"
            "<tr><td>水电燃气</td><td>17.5</td></tr></table>",
            "社区主任说，账本每季度公开一次，谁都可以来查票据。不少居民最关心的是菜价会不会涨，答复是：两荤一素的"
            "套餐十五元不变，八十岁以上老人继续打七折。",
            "这份账本里还有一栏特别的支出：为行动不便的老人送餐四千三百次，由二十六名志愿者分担，油费由食堂出。",
        ),
    ),
    Article(
        "一条河的十年",
        (
            "十年前，长水塘还是一条让人掩鼻而过的河。两岸三百多家小作坊把染料和油污排进水里，最差的时候，"
            "断面监测连续十一个月都是劣五类。",
            "转机来自一次谁也没有想到的会议。沿河七个村的村民代表第一次坐到一起，议题只有一个：河是谁的？"
            "吵了一整天之后，他们写下一份只有九条的公约，第一条是“谁家门前谁看管”。",
            "<p><strong>从一份公约开始</strong></p>",
            "公约之后是更难的事情。作坊要关，人要转行，钱从哪里来？镇里的办法是先易后难：把还能升级的五十二家"
            "集中到园区，统一治污；愿意转产的给三年贴息；实在要关的，按设备折价收购。",
            "<p style='text-align:center'><img src='/upload/2026/river.jpg' alt='长水塘'></p>"
            "<p style='text-align:center'>图为治理后的长水塘一角。</p>",
            "数字是慢慢变好的。第三年，断面回到五类；第六年，四类；去年，监测站第一次报出了三类。今年夏天，"
            "河里重新有了孩子游泳，也有人重新摇起了卖菱角的船。",
            "<p><strong>河边的人</strong></p>",
            "六十七岁的老周当了九年河长，每天走六公里，记了四十一本日记。最新的一本里写着：十月三日，晴，"
            "在老码头看见两只白鹭，站了很久。",
            "“我没有做什么了不起的事，”他说，“就是每天去看看它。”",
        ),
    ),
    Article(
        "城际铁路昨夜完成最后一段铺轨",
        (
            "昨天深夜十一点四十分，随着最后一根五百米长的钢轨落槽，嘉海城际铁路全线轨道贯通。",
            "这条铁路全长五十八点六公里，设车站十一座，设计时速一百六十公里，建成后从市区到海边只要三十八分钟。"
            "接下来工程将进入四电施工和联调联试阶段，计划明年九月开通运营。",
            "铺轨期间，建设者先后跨过了两条高速公路和一条仍在营运的高铁。最紧张的一次，留给他们的窗口只有"
            "四十五分钟，前后准备却用了三个月。",
        ),
    ),
    Article(
        "快讯：全市中小学下周一正常上课",
        ("市教育局刚刚通知：台风警报已经解除，全市中小学、幼儿园下周一正常上课。",),
    ),
    Article(
        "手艺人老顾和他的最后一批油纸伞",
        (
            "竹子要选三年的，霜降以后砍，泡水一个月，再阴干半年。老顾做伞五十一年，第一道工序从来没有省过。",
            "“快不得。”他一边削伞骨一边说。一把伞三十六根骨，每根要削到一样厚薄，差一丝，收拢的时候就不圆。"
            "他不用尺，拿拇指一捻就知道。",
            "裱纸用的是桑皮纸和柿子漆。柿子要在七月青的时候摘，捣碎了封在缸里，等上一年才能用，气味大得能把人"
            "熏出去，可是刷出来的纸不怕雨，也不怕虫。",
            "去年冬天，老顾接到一笔大订单，三百把，对方只给四十天。他没有接。“接了就得用机器压的骨，买来的漆，"
            "那就不是伞了，是雨具。”",
            "今年他只做六十把，都编了号。镇上的小学请他去上课，他带去一把拆散的伞，让孩子们试着装回去，"
            "两节课，没有一个孩子装成，可是没有一个孩子走神。",
            "他说这是最后一批，说了三年了。",
        ),
    ),
    Article(
        "我市出台十二条措施稳住小微企业用工",
        (
            "昨日，市政府办公室印发通知，从稳岗返还、技能补贴、社保缓缴等方面提出十二条措施，支持小微企业稳住"
            "用工。措施自印发之日起施行，有效期一年。",
            "通知明确，对不裁员、少裁员的小微企业，按上年度实际缴纳失业保险费的百分之九十返还；招用毕业年度高校"
            "毕业生并签订一年以上合同的，每人给予一千五百元一次性补贴。",
            "在技能方面，企业新录用职工岗前培训每人补贴六百元，学徒制培训每人每年补贴六千元。对组织职工以工代训"
            "的企业，按每人每月三百元给予补贴，最长不超过六个月。",
            "市人社局有关负责人表示，多数补贴实行“免申即享”，由系统比对数据后直接拨付，企业不需要提交材料；"
            "确需申请的，承诺五个工作日内办结。",
        ),
    ),
)

HEADLINES = (
    "市区新增三处口袋公园，年底前全部开放",
    "今年秋粮收购进度过半，价格总体平稳",
    "图书馆夜间延时开放，读者点赞",
    "老旧小区加装电梯满一千台",
    "我市三名教师获省级表彰",
    "大运河沿线骑行道全线贯通",
    "医保报销目录新增一百一十一种药品",
    "周末去哪儿？这份赏秋地图请收好",
    "夜经济升温，老街又见排队",
    "高速服务区充电桩实现全覆盖",
)


def _list(count: int = 10, start: int = 0, css: str = "") -> str:
    titles = [HEADLINES[(start + at) % len(HEADLINES)] for at in range(count)]
    items = "".join(
        f"<li{css}><a href='/a/{900 + at}.html' title='{title}'>{title}</a><span>11-2{at % 9}</span></li>"
        for at, title in enumerate(titles)
    )
    return f"<ul>{items}</ul>"


NAV = "".join(
    f"<a href='/{path}/'>{name}</a> | "
    for path, name in (
        ("", "首页"), ("gn", "国内"), ("gj", "国际"), ("cj", "财经"), ("ty", "体育"), ("yl", "娱乐"),
        ("kj", "科技"), ("jk", "健康"), ("sp", "视频"), ("tp", "图片"), ("bbs", "论坛"), ("ds", "电子报"),
    )
)  # fmt: skip
FOOT = (
    "<a href='/about'>关于我们</a> | <a href='/ad'>广告服务</a> | <a href='/copy'>版权声明</a><br>"
    "本网站所刊登的新闻、信息和各种专题专栏资料，均为本报版权所有，未经协议授权，禁止下载使用。<br>"
    "互联网新闻信息服务许可证 33120190006 信息网络传播视听节目许可证1105167 ICP备06012345号-1 "
    "违法和不良信息举报电话：0573-88888888 地址：城东路88号 邮编：314001"
)
SHARE = (
    "<span>分享到：</span><a class='wx'>微信</a><a class='wb'>新浪微博</a><a class='qq'>QQ空间</a>"
    "<a class='db'>豆瓣</a><em>扫一扫，用手机看新闻</em><img src='/qr.png'>"
)
COMMENTS = (
    "<h3>网友评论</h3><p>文明上网理性发言，请遵守新闻评论服务协议</p>"
    "<div class='c'><b>网友江南</b><p>写得真好，小时候常去那里玩，现在变化太大了，支持继续报道！</p></div>"
    "<div class='c'><b>匿名用户</b><p>希望早日办好，也希望别的地方学一学，老百姓看得见的实事才是好事。</p></div>"
    "<p>登录后发表评论，评论内容不代表本站立场</p>"
)


def page(title: str, body: str, head: str = "", site: str = "某某网") -> str:
    """A whole document around a body."""
    return (
        "<!DOCTYPE html><html><head><meta charset='{encoding}'>"
        f"<title>{title}_新闻频道_{site}</title><meta name='keywords' content='新闻,{title}'>"
        f"<script>var _hmt=[];(function(){{var a='统计代码统计代码';}})();</script>{head}</head>"
        f"<body>{body}<script>document.write('<p>广告位招租</p>');</script></body></html>"
    )


def portal(a: Article) -> str:
    """A big portal: main column, a sidebar of hot lists, the editor and the app's advertisement."""
    return page(
        a.title,
        f"<div class='top-bar'>{NAV}</div><div class='main-content w1240'>"
        f"<div class='path-search'><a>新闻中心</a> &gt; 正文</div><h1 class='main-title'>{a.title}</h1>"
        "<div class='top-bar-wrap'><span class='date'>2026年11月23日 08:12</span>"
        "<a class='source' href='#'>某某日报</a><span class='keyword'>缩小字体 放大字体 收藏 微博 微信 分享</span></div>"
        f"<div class='article-content clearfix'><div class='article-content-left'><div class='article' id='article'>{a.indented}"
        "<div class='otherContent_01'><p>海量资讯、精准解读，尽在新闻APP</p></div>"
        "<p class='show_author'>责任编辑：李明 </p></div>"
        f"<div class='page-tools'>{SHARE}</div><div class='tech-con'><h2>相关新闻</h2>{_list(6)}</div>"
        f"<div class='article-comment'>{COMMENTS}</div></div>"
        f"<div class='article-content-right'><div class='right-side'><h3>新闻排行</h3>{_list(10, 2)}</div>"
        f"<div class='right-side'><h3>最新视频</h3>{_list(8, 5)}</div></div></div></div>"
        f"<div class='footer'>{FOOT}</div>",
    )


def netease(a: Article) -> str:
    """A portal whose article ends in a source line and a disclaimer, within the same box."""
    return page(
        a.title,
        f"<div id='post_header'>{NAV}</div><div class='container'><div class='post_main'>"
        f"<h1 class='post_title'>{a.title}</h1><div class='post_info'>2026-11-23 07:31:00　来源: <a>某某晚报</a>"
        "<a>举报</a></div><div class='post_share'>易信 微信 QQ空间 微博 更多</div>"
        f"<div class='post_content' id='content'><div class='post_body'>{a.html}</div>"
        "<div class='post_author'><span class='source'>本文来源：某某晚报</span><span>责任编辑：王晓_NB1234</span></div>"
        "<div class='post_statement'>特别声明：以上内容(如有图片或视频亦包括在内)为自媒体平台用户上传并发布，本平台仅提供信息存储服务。</div>"
        f"<div class='post_next'><h3>相关推荐</h3>{_list(10, 1)}</div>"
        f"<div class='post_comment'>{COMMENTS}</div></div></div>"
        f"<aside class='post_side'><h2>热点新闻</h2>{_list(10, 4)}</aside></div><footer>{FOOT}</footer>",
    )


def agency(a: Article) -> str:
    """A news agency: left_zw, an editor's line in a box of its own, a pager of other news."""
    return page(
        a.title,
        f"<div id='nav'>{NAV}</div><div id='con'><div id='con_left'><h1>{a.title}</h1>"
        "<div class='left-time'>2026年11月23日 06:45 来源：<a>某某新闻网</a> <a>参与互动</a></div>"
        f"<div class='left_zw' style='position:relative'>{a.indented}<div id='function_code_page'></div></div>"
        "<div class='left_name'>【编辑:陈海】</div>"
        f"<div class='div624'>{SHARE}</div><div class='left_dot'><h4>更多精彩内容请进入国内频道</h4>{_list(8)}</div></div>"
        f"<div id='con_right'><div class='right_bt'>国内新闻精选</div>{_list(10, 3)}</div></div><div class='pagebottom'>{FOOT}</div>",
        site="某某新闻社",
    )


def party_paper(a: Article) -> str:
    """A party paper's site: rm_txt_con, (责编：…) inside the text's box, 分享让更多人看到."""
    return page(
        a.title,
        f"<div class='header'>{NAV}</div><div class='main'><div class='layout rm_txt cf'><div class='col col-1 fl'>"
        f"<h1>{a.title}</h1><div class='author cf'></div><div class='channel cf'>2026年11月23日05:43 | 来源：<a>某某日报</a></div>"
        f"<div class='rm_txt_con cf'><p class='paper_num'>《 某某日报 》（2026年11月23日 第 07 版）</p>{a.indented}"
        "<div class='zdfy clearfix'></div><div class='box_pic'></div><div class='edit cf'>(责编：赵敏、孙红)</div></div>"
        f"<div class='article_fx cf'>分享让更多人看到 {SHARE}</div><div class='rm_relevant cf'><h3>相关新闻</h3>{_list(5)}</div></div>"
        f"<div class='col col-2 fr'><h2>热门排行</h2>{_list(10, 6)}<h2>推荐阅读</h2>{_list(6, 2)}</div></div></div><div class='copyright'>{FOOT}</div>",
    )


def xinhua(a: Article) -> str:
    """An agency's newer dress: spans in a header, the text in #detail, the editor in a span."""
    return page(
        a.title,
        f"<div class='domPC'><div class='mheader'>{NAV}</div><div class='header-time'><span class='year'>2026</span><span class='day'>11/23</span>"
        "<span class='time'>08:00:00</span></div><div class='source'>来源：某某网</div>"
        f"<div class='head-line'><h1><span class='title'>{a.title}</span></h1></div><div class='share'>字体： 小 中 大 分享到：</div>"
        f"<div class='main clearfix'><div class='main-left left'><div id='detail'><span id='detailContent'>{a.html}</span>"
        "<div class='columBox'></div></div>"
        "<div class='editor'><span class='tiyi1'>【纠错】</span><span class='editor-name'>【责任编辑:刘阳】</span></div>"
        f"<div class='relatedNews'><h3>阅读下一篇：</h3>{_list(4)}</div></div>"
        f"<div class='main-right right'><h3>深度</h3>{_list(8, 3)}</div></div></div><div class='foot'>{FOOT}</div>",
    )


def trs(a: Article) -> str:
    """A city paper on TRS: TRS_Editor, a style element in the text, a vote and keywords after it."""
    return page(
        a.title,
        f"<table width='100%'><tr><td class='nav'>{NAV}</td></tr></table>"
        f"<div class='content_box'><h2 class='bt'>{a.title}</h2><div class='info'>时间：2026-11-23 09:10　来源：本报　作者：记者 陈默　编辑：小林　点击：1024</div>"
        f"<div class='content'><div class='TRS_Editor'><style>.TRS_Editor P{{line-height:2}}</style>{a.indented}</div></div>"
        f"<div class='keyword'>关键词：<a>嘉兴</a> <a>民生</a></div><div class='bdsharebuttonbox'>{SHARE}</div>"
        f"<div class='xgyd'><h3>相关阅读</h3>{_list(6, 5)}</div></div><div class='rightlist'>{_list(10, 1)}</div><div class='bottom'>{FOOT}</div>",
    )


def old_tables(a: Article) -> str:
    """A county's site of 2005: tables in tables, fonts, line breaks, no class and no paragraph."""
    rows = "".join(
        f"<tr><td>·<a href='{at}.htm'>{title}</a></td></tr>" for at, title in enumerate(HEADLINES)
    )
    return page(
        a.title,
        f"<table width=980 align=center><tr><td>{NAV}</td></tr></table><table width=980 align=center><tr>"
        f"<td width=220 valign=top><table><tr><td><b>热点新闻</b></td></tr>{rows}</table></td>"
        f"<td valign=top><table width='100%'><tr><td align=center><font size=5><b>{a.title}</b></font></td></tr>"
        "<tr><td align=center>发布日期：2026-11-23　来源：县融媒体中心　浏览次数：387　字号：[大 中 小]</td></tr>"
        f"<tr><td><font size=3>{a.broken}</font></td></tr>"
        "<tr><td align=right>责任编辑：管理员　【打印】【关闭】</td></tr>"
        "<tr><td>上一篇：<a href='1.htm'>关于召开全县经济工作会议的通知</a><br>下一篇：<a href='2.htm'>县图书馆新馆开馆</a></td></tr>"
        f"</table></td></tr></table><table width=980 align=center><tr><td align=center>{FOOT}</td></tr></table>",
    )


def government(a: Article) -> str:
    """A government's site: an index table before the text, a share bar, an attachment list."""
    return page(
        a.title,
        f"<div class='header'>{NAV}</div><div class='bread'>您当前的位置：<a>首页</a> &gt; <a>新闻动态</a> &gt; <a>今日要闻</a></div>"
        "<table class='xxgk'><tr><td>索引号：</td><td>001008001/2026-10023</td><td>发布机构：</td><td>市政府办公室</td></tr>"
        "<tr><td>文号：</td><td></td><td>生成日期：</td><td>2026-11-23</td></tr></table>"
        f"<div class='article-box'><div class='title'>{a.title}</div><div class='sub'>发布时间：2026-11-23 来源：市政府办公室 浏览次数：<span id='n'></span> 字体：[大 中 小]</div>"
        f"<div id='zoom'>{a.html}</div><div class='print'><a>打印本页</a> <a>关闭窗口</a></div><div class='share'>{SHARE}</div></div>"
        f"<div class='links'>{_list(4, 8)}</div><div class='footer'>{FOOT}主办：某某市人民政府 网站标识码：3304000001</div>",
    )


def paper_client(a: Article) -> str:
    """A page with built class names, the text in divs, recommendations as cards."""
    cards = "".join(
        f"<div class='card_x9'><a href='/d/{at}'><img src='/c{at}.jpg'><h4>{title}</h4><p>昨天 · 要闻 · {at}评论</p></a></div>"
        for at, title in enumerate(HEADLINES)
    )
    return page(
        a.title,
        f"<div id='__next'><div class='header_1Bc'>{NAV}</div><main class='wrap_Yz3'><div class='left_kk2'><h1 class='title_wuq'>{a.title}</h1>"
        "<div class='info_m4u'><span>记者 顾一</span><span>2026-11-23 08:02</span><span>来源：本报 ∙ 浙里</span></div>"
        f"<div class='cententWrap_UojXm'>{a.html}</div><div class='copy_l2'>责任编辑：高文<br>校对：张亮</div>"
        "<div class='tip_q1'>本报 违法和不良信息举报：021-12345678</div>"
        f"<div class='recommend_op'><h2>推荐</h2>{cards}</div></div><div class='right_za'><h2>热新闻</h2>{_list(10, 3)}</div></main><footer>{FOOT}</footer></div>",
    )


def mobile(a: Article) -> str:
    """A mobile page: section and article elements, a button to open the app."""
    return page(
        a.title,
        f"<header><a class='logo'>新闻</a><a class='open-app'>打开APP</a></header><article><h1>{a.title}</h1><div class='meta'>本报 11月23日</div>"
        f"<section class='art_con'>{a.html}</section><div class='unfold'><a>展开全文</a></div><div class='ft'>打开APP，阅读体验更佳</div></article>"
        f"<section class='hot'><h3>大家都在看</h3>{_list(8)}</section><section class='cmt'>{COMMENTS}</section><footer>{FOOT}</footer>",
    )


def wechat(a: Article) -> str:
    """An account's article: sections within sections, spans with styles, lazy pictures."""
    inner = "".join(
        p
        if p.startswith("<")
        else f"<section style='margin:8px'><section><p><span style='font-size:16px'>{p}</span></p></section></section>"
        for p in a.paragraphs
    )
    return page(
        a.title,
        f"<div id='js_article'><div class='rich_media_inner'><h1 class='rich_media_title' id='activity-name'>{a.title}</h1>"
        "<div id='meta_content'><span>原创</span><span>小城记</span><em id='publish_time'>2026-11-23 07:00</em></div>"
        f"<div class='rich_media_content' id='js_content'>{inner}</div>"
        "<div class='rich_media_tool'><span>阅读</span> 1.2万 <span>赞</span> 321 <span>在看</span> 88</div>"
        "<div id='js_pc_qr_code'><p>微信扫一扫关注该公众号</p></div></div></div>",
        site="公众号",
    )


def blog(a: Article) -> str:
    """WordPress: entry-content, tags, previous and next post, a reply form, a sidebar of archives."""
    archives = "".join(
        f"<li><a href='/2026/{month:02d}/'>2026年{month}月</a> (12)</li>" for month in range(1, 12)
    )
    return page(
        a.title,
        f"<div id='page'><header>{NAV}</header><div id='primary'><article class='post type-post'><header class='entry-header'><h1 class='entry-title'>{a.title}</h1>"
        "<div class='entry-meta'>由 <a>阿诚</a> 发布于 2026年11月23日</div></header>"
        f"<div class='entry-content'>{a.html}<div class='sharedaddy'>{SHARE}</div><div class='yarpp-related'><h3>您可能也喜欢</h3>{_list(5)}</div></div>"
        "<footer class='entry-footer'>分类：<a>随笔</a> 标签：<a>江南</a>、<a>记忆</a></footer></article>"
        "<nav class='post-navigation'><a rel='prev'>上一篇：桥</a><a rel='next'>下一篇：渡口</a></nav>"
        f"<div id='comments'>{COMMENTS}<form><textarea></textarea></form></div></div>"
        f"<div id='secondary'><h2>近期文章</h2>{_list(5, 4)}<h2>归档</h2><ul>{archives}</ul></div><footer>{FOOT}</footer></div>",
    )


def tech(a: Article) -> str:
    """A technology site: an advertisement among the paragraphs, a disclaimer at the end."""
    half = max(1, len(a.paragraphs) // 2)
    first = Article(a.title, a.paragraphs[:half]).html
    rest = Article(a.title, a.paragraphs[half:]).html
    return page(
        a.title,
        f"<div id='top'>{NAV}</div><div id='dt'><div class='fl content'><h1>{a.title}</h1><div id='pubtime_baidu'>2026/11/23 9:20:13</div> 来源：<span id='source_baidu'>本站</span>"
        f" 作者：<span id='author_baidu'>清源</span> 评论：<span id='comment_count'>13</span><div class='post_content' id='paragraph'>{first}"
        "<div class='ad-tips'><a href='https://ad.example'>广告：双十二补贴会场，每日领红包最高888元</a></div>"
        f"{rest}<p class='ad-tips'>广告声明：文内含有的对外跳转链接（包括不限于超链接、二维码、口令等形式），用于传递更多信息，节省甄选时间，结果仅供参考，本站所有文章均包含本声明。</p></div>"
        f"<div class='shareto'>{SHARE}</div><div class='related_post'><h2>相关文章</h2>{_list(6)}</div><div id='post_comm'>{COMMENTS}</div></div>"
        f"<div class='fr fx'><h2>软媒日榜</h2>{_list(10, 7)}</div></div><div class='ft'>{FOOT}</div>",
    )


def lines(a: Article) -> str:
    """A local portal: one div of text and line breaks, [责任编辑 …] as its last line."""
    return page(
        a.title,
        f"<div class='head'>{NAV}</div><div class='wrap'><div class='left'><div class='arc_title'>{a.title}</div><div class='arc_info'>2026-11-23 10:02:11 来源：南湖晚报 我要评论(0)</div>"
        f"<div class='arc_body'>{a.broken}<br><br>[责任编辑 吴刚]</div><div class='arc_bottom'>{SHARE}</div>"
        f"<div class='arc_rel'><b>相关链接</b>{_list(5)}</div></div><div class='right'>{_list(12)}</div></div><div class='foot'>{FOOT}</div>",
    )


def epaper(a: Article) -> str:
    """An e-paper: the list of the page's articles and of all pages stand beside the text."""
    pages = "".join(
        f"<li><a href='node_{at}.html'>第 {at:02d} 版:要闻</a></li>" for at in range(1, 17)
    )
    return page(
        a.title,
        f"<div class='l'><ul id='pagelist'>{pages}</ul><div id='mulu'>{_list(8)}</div></div><div class='r'><div class='edit'>2026年11月23日 星期一 放大 缩小 默认 朗读</div>"
        f"<div class='article'><h3>引题</h3><h1>{a.title}</h1><h2></h2><div class='attachment'></div><div id='ozoom'><founder-content>{a.html}</founder-content></div></div>"
        "<div class='nextprev'><a>上一篇</a> <a>下一篇</a></div></div><div class='f'>版权所有 某某日报报业集团</div>",
        site="电子报",
    )


def broadcaster(a: Article) -> str:
    """A broadcaster: content_area, a player's box, an editor's line in spans."""
    return page(
        a.title,
        f"<div class='nav_wrapper'>{NAV}</div><div id='page_body'><div class='col_w660'><div class='title_area'><h1>{a.title}</h1><div class='info1'>来源：某某网 | 2026年11月23日 08:25:14</div></div>"
        f"<div class='vspace'></div><div class='content_area' id='content_area'><div id='player'>视频加载中，请稍候...</div>{a.indented}</div>"
        "<div class='zebian'><span>编辑：徐晨</span> <span>责任编辑：唐力</span></div><div class='erweima'>扫一扫 分享到微信</div>"
        f"<div class='more'><h3>返回顶部</h3>{_list(4, 6)}</div></div><div class='col_w300'><h3>最新推荐</h3>{_list(8, 2)}<h3>精彩图集</h3>{_list(6)}</div></div><div class='bottom'>{FOOT}</div>",
    )


def english_classes_of_sidebars(a: Article) -> str:
    """A site that calls its text column `main-sidebar-left comment-open`: names that mislead."""
    return page(
        a.title,
        f"<div id='site-header'>{NAV}</div><div class='layout-with-sidebar'><div class='main-sidebar-left comment-open'><h1>{a.title}</h1><div class='byline'>本报记者 / 2026-11-23</div>"
        f"<div class='share-article-body'>{a.html}</div><div class='tags'>标签：<a>民生</a></div></div><div class='sidebar-right'>{_list(10)}</div></div><div id='site-footer'>{FOOT}</div>",
    )


def captions(a: Article) -> str:
    """A page of pictures: figures with captions around the paragraphs."""
    figures = "<figure><img src='/p1.jpg'><figcaption>摄影：本报记者 方圆</figcaption></figure>"
    return page(
        a.title,
        f"<div class='nav'>{NAV}</div><div class='article-main'><h1>{a.title}</h1><p class='time'>2026-11-23</p><div class='article-txt'>{figures}{a.html}</div>"
        f"<div class='pages'>上一页 <b>1</b> <a href='x_2.html'>2</a> <a href='x_2.html'>下一页</a></div><div class='hot-news'><h3>热图推荐</h3>{_list(9, 3)}</div></div><div class='footer'>{FOOT}</div>",
    )


def long_comments(a: Article) -> str:
    """Comments that are longer than the article."""
    many = "".join(
        f"<div class='comment-item'><span class='user'>用户{at}</span><p class='comment-text'>说得对，我在这里住了{at + 3}年，亲眼看着一点一点变好，希望有关部门继续努力，多听听老百姓的意见和建议，谢谢记者的报道。</p><span>回复 赞({at})</span></div>"
        for at in range(25)
    )
    return page(
        a.title,
        f"<div class='topnav'>{NAV}</div><div class='detail'><h1 class='detail-title'>{a.title}</h1><div class='detail-info'>2026-11-23 · 观察者</div><div class='detail-content'>{a.html}</div></div>"
        f"<div class='comment-list'><h3>全部评论(25)</h3>{many}</div><div class='bottom-nav'>{FOOT}</div>",
    )


def digest_box(a: Article) -> str:
    """A summary box before the text (导读), and 延伸阅读 with abstracts after it."""
    more = "".join(
        f"<div class='ext'><a href='/e/{at}'>{title}</a><p>{title}，记者近日走访了解到，相关工作正在有序推进，预计年内完成，市民反响热烈，详情请见报道。</p></div>"
        for at, title in enumerate(HEADLINES[:5])
    )
    return page(
        a.title,
        f"<div class='hd'>{NAV}</div><div class='mainbox'><div class='newsbox'><h1>{a.title}</h1><div class='news-date'>2026-11-23 07:15　某某网</div>"
        f"<div class='news-con'>{a.html}<p>（责任编辑：周舟）</p></div><div class='yanshen'><h3>延伸阅读</h3>{more}</div></div><div class='sidebox'>{_list(10, 2)}</div></div><div class='ftbox'>{FOOT}</div>",
    )


def flat(a: Article) -> str:
    """Everything is a paragraph of the body: title, date, text, editor, links."""
    return page(
        a.title,
        f"<p>{NAV}</p><h1>{a.title}</h1><p>2026-11-23 来源：本站</p>{a.html}<p>编辑：小周</p><p><a href='/1'>{HEADLINES[1]}</a></p><p><a href='/2'>{HEADLINES[2]}</a></p><p>{FOOT}</p>",
    )


def divs(a: Article) -> str:
    """An editor that writes each paragraph as a div of its own, in an unnamed box."""
    inner = "".join(p if p.startswith("<") else f"<div>{p}</div>" for p in a.paragraphs)
    return page(
        a.title,
        f"<div><div>{NAV}</div></div><div><div><div><h1>{a.title}</h1></div><div>2026-11-23　本报讯员</div><div>{inner}</div><div>{SHARE}</div></div><div>{_list(10)}</div></div><div>{FOOT}</div>",
    )


def spaced_divs(a: Article) -> str:
    """Paragraphs with empty ones between them and inline advertisements as scripts."""
    inner = "<p>&nbsp;</p><script>ad()</script>".join(
        p if p.startswith("<") else f"<p>&nbsp;&nbsp;&nbsp;&nbsp;<span>{p}</span></p>"
        for p in a.paragraphs
    )
    return page(
        a.title,
        f"<div class='nav-wrap'>{NAV}</div><div class='con-left'><h1 id='h1'>{a.title}</h1><div class='con-time'>2026年11月23日 09:33:00 | 来源：浙江在线</div><div class='con-text' id='Zoom'>{inner}</div>"
        f"<div class='con-bq'>版权声明：凡本网注明来源为本报的作品，未经书面授权不得转载。</div><div class='con-more'>{_list(6)}</div></div><div class='con-right'>{_list(9, 5)}</div><div class='con-foot'>{FOOT}</div>",
    )


LAYOUTS: tuple[Callable[[Article], str], ...] = (
    portal, netease, agency, party_paper, xinhua, trs, old_tables, government, paper_client, mobile,
    wechat, blog, tech, lines, epaper, broadcaster, english_classes_of_sidebars, captions,
    long_comments, digest_box, flat, divs, spaced_divs,
)  # fmt: skip
GBK = frozenset({"old_tables", "agency", "lines", "party_paper"})


def news_pages() -> Iterator[NewsPage]:
    """Every article in every layout."""
    for layout in LAYOUTS:
        encoding = "gbk" if layout.__name__ in GBK else "utf-8"
        for number, article in enumerate(ARTICLES):
            html = layout(article).replace("{encoding}", encoding)
            yield NewsPage(f"{layout.__name__}-{number}", html, article, encoding)

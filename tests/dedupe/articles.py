"""An article written for the tests, and what tellers make of it."""

from __future__ import annotations

from aggregator.dedupe.article import Article, article_of
from aggregator.provenance import read_provenance

TITLE = "汇聚社工力量 打通为民服务最后一米"
PARAGRAPHS = (
    "昨天上午，秀水区第十一届社工月暨新丰镇社会工作主题活动在文化广场拉开帷幕，来自全区各镇的社工代表和居民参加了活动。",
    "社工是专业力量，也是居民身边的朋友。今年的宣传主题为同心共治，通过线上和线下丰富多样的形式，"
    "展示全区社会工作者的专业形象与服务成效，引导更多力量参与社会服务，让更多人了解社工、关心社工、支持社工。",
    "据介绍，新丰镇社会工作站是全区建立时间最早、服务覆盖面最广的工作站，目前已注册社会组织52个，备案社区组织368个，"
    "培育志愿服务团队142支，志愿者1.36万人，每年开展公益项目大赛，实施公益项目270余个。",
    "“我们招募了社区观察团成员，通过日常接触和入户走访，了解居民的诉求和建议。”副镇长潘明说，"
    "今后将持续发力，以高标准严要求满足各类群体的需求，推动工作取得新的成效。",
    "活动现场还设立了互动区和服务区，为居民提供有奖竞答、非遗展示、爱心理发和义诊等便民服务。",
)
TEXT = "\n".join(PARAGRAPHS)

ENGLISH_TITLE = "Harbour bridge to close for repairs until the autumn"
ENGLISH = (
    "The city council said on Tuesday that the old harbour bridge will close to all traffic from "
    "12 May, after engineers found cracks in 14 of its 36 steel cables during an inspection.\n"
    "Buses on routes 7 and 21 will be diverted through the tunnel, and a ferry will carry "
    "pedestrians and cyclists across the river every ten minutes until late in the evening.\n"
    "The repairs, which are expected to cost 8.5 million, should be finished by October, the head "
    "of the works department told reporters, although storms could delay the work on the piers."
)


def article(text: str, title: str = TITLE) -> Article:
    """What is compared of a text."""
    return article_of(title, text, read_provenance(text).boilerplate)

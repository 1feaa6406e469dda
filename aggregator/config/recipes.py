"""The text of a selector, an expression or an e-paper's system → the same, checked."""

from __future__ import annotations

from aggregator.config.values import refuse

# The systems that aggregator.pages has recipes for; a test holds the two together.
EPAPERS = ("founder", "founder-links", "founder-nbs")


def check_selector(text: str) -> str:
    """A CSS selector, or an XPath expression after `xpath:`. Raises InvalidValue."""
    from cssselect import HTMLTranslator, SelectorError
    from lxml import etree

    hint = "such as `#list li a`, or `xpath://div[@id='list']//a`"
    if not text.strip():
        refuse("the selector is empty", hint)
    try:
        if text.startswith("xpath:"):
            etree.XPath(text.removeprefix("xpath:").strip())(etree.Element("html"))
        else:
            etree.XPath(HTMLTranslator().css_to_xpath(text))
    except SelectorError as error:
        hint = "XPath begins with `xpath:`" if text.lstrip("(.").startswith("/") else hint
        refuse(f"`{text}` is no CSS selector: {error}", hint)
    except etree.XPathError as error:
        refuse(f"`{text}` is no XPath: {error}", hint)
    return text


def check_expression(text: str) -> str:
    """A JMESPath expression. Raises InvalidValue."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    hint = "such as `data.list`, `title` or `author.name`"
    if not text.strip():
        refuse("the expression is empty", hint)
    if text.lstrip().startswith("$"):
        refuse(f"`{text}` looks like JSONPath", f"in JMESPath: `{text.lstrip(' $.')}`")
    try:
        jmespath.compile(text)
    except JMESPathError as error:
        said = str(error).splitlines()[0].rstrip(":").removeprefix("Invalid jmespath expression: ")
        refuse(f"`{text}` is no JMESPath expression: {said}", hint)
    return text


def check_epaper(text: str) -> str:
    """The name of an e-paper system. Raises InvalidValue."""
    from difflib import get_close_matches

    if text not in EPAPERS:
        near = get_close_matches(text.lower(), EPAPERS, 1, 0.4)
        hint = f"did you mean `{near[0]}`?" if near else "there are " + ", ".join(EPAPERS)
        refuse(f"there is no e-paper system `{text}`", hint)
    return text

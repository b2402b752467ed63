"""States: the largest part of an address that Safe Harbor permits."""

from __future__ import annotations

import re

_US = """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;FL Florida;GA Georgia
HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine;MD Maryland
MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire
NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;OR Oregon
PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont;VA Virginia
WA Washington;WV West Virginia;WI Wisconsin;WY Wyoming;DC District of Columbia;PR Puerto Rico;GU Guam
AS American Samoa;VI Virgin Islands;MP Northern Mariana Islands
"""
_ENTRIES = [entry.split(" ", 1) for entry in _US.strip().replace("\n", ";").split(";")]
_BY_NAME = {name.lower(): code for code, name in _ENTRIES}
_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def state_code(value: str | None) -> str | None:
    """The state's code: two letters, a code of ISO 3166-2, or that of a US state given by name.

    Any other text is left out, since people write towns there.
    """
    if value is None:
        return None
    text = value.strip()
    return text.upper() if _CODE.fullmatch(text.upper()) else _BY_NAME.get(text.lower())

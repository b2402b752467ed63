"""SQL that every resource type shares: references, codes, dates and times.

Macros work on what JSON holds as text. An object or array where FHIR has a scalar comes as JSON text and is taken for
absent, so that a malformed resource cannot carry text past the allow-list.
"""

from __future__ import annotations

from zoneinfo import available_timezones

from contracts.errors import Fatal

UNIT_SEPARATOR = "\x1f"

_MACROS = r"""
CREATE OR REPLACE TEMP MACRO plain(v) AS CASE WHEN v[1:2] NOT IN ('{"', '["', '{}', '[]', '[{', '[[') THEN v END;
CREATE OR REPLACE TEMP MACRO code_of(v) AS CASE WHEN regexp_matches(v, '^[^\s{\[]\S{0,63}$') THEN v END;
CREATE OR REPLACE TEMP MACRO url_of(v) AS CASE WHEN regexp_matches(v, '^(https?://|urn:)\S{1,200}$') THEN v END;
CREATE OR REPLACE TEMP MACRO display_of(v, code) AS CASE WHEN code IS NOT NULL THEN plain(v) END;
CREATE OR REPLACE TEMP MACRO text_of(v, code) AS CASE WHEN code IS NULL THEN plain(v) END;
CREATE OR REPLACE TEMP MACRO within(v, allowed) AS CASE WHEN list_contains(allowed, v) THEN v END;
CREATE OR REPLACE TEMP MACRO referred(v, kind) AS CASE
    WHEN v IS NULL THEN NULL
    WHEN starts_with(v, kind || '/') AND NOT regexp_matches(v[length(kind) + 2:], '[/?#|]')
        THEN nullif(v[length(kind) + 2:], '')
    WHEN starts_with(v, 'urn:uuid:') THEN nullif(v[10:], '')
    ELSE nullif(regexp_extract(v, '(?:^|/)' || kind || '/([^/?#|]+)(?:/_history/[^/]*)?$', 1), '') END;
CREATE OR REPLACE TEMP MACRO instant_of(v) AS CASE WHEN v IS NULL THEN ''
    ELSE coalesce(strftime(try_cast(v AS TIMESTAMPTZ), '%Y-%m-%dT%H:%M:%S.%f'), '') END;
CREATE OR REPLACE TEMP MACRO with_time(v) AS CASE WHEN length(v) > 10 THEN v END;
CREATE OR REPLACE TEMP MACRO wall(v) AS CASE
    WHEN length(v) <= 10 OR v IS NULL THEN v
    WHEN v[17] = ':' THEN v[:19]
    ELSE v[:16] || ':00' END;
"""

_STATES = """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;FL Florida;GA Georgia
HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine;MD Maryland
MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire
NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;OR Oregon
PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont;VA Virginia
WA Washington;WV West Virginia;WI Wisconsin;WY Wyoming;DC District of Columbia;PR Puerto Rico;GU Guam
AS American Samoa;VI Virgin Islands;MP Northern Mariana Islands
"""
_NAMES = dict(reversed(entry.split(" ", 1)) for entry in _STATES.strip().lower().replace("\n", ";").split(";"))

# A state is two letters, a code of ISO 3166-2, or the name of a state of the US: any other text might be a town.
_STATE = (
    "CREATE OR REPLACE TEMP MACRO state_of(v) AS CASE "
    "WHEN regexp_matches(upper(v), '^[A-Z]{2}(-[A-Z0-9]{1,3})?$') THEN upper(v) "
    f"ELSE upper(MAP {{{', '.join(f'{name!r}: {code!r}' for name, code in _NAMES.items())}}}[lower(v)]) END;"
)

_LOCAL_UTC = "CREATE OR REPLACE TEMP MACRO local_of(v) AS wall(plain(v));"
_LOCAL_ZONE = r"""CREATE OR REPLACE TEMP MACRO local_of(v) AS CASE
    WHEN length(v) > 10 AND regexp_matches(v, '(?:[Zz]|[+-]00:00)$')
        THEN coalesce(strftime(timezone('{zone}', try_cast(v AS TIMESTAMPTZ)), '%Y-%m-%dT%H:%M:%S'), wall(plain(v)))
    ELSE wall(plain(v)) END;"""


def macros(zone: str) -> str:
    """The macros, with `local_of` for a source in the time zone `zone`.

    `local_of` gives local wall time: a value with an offset keeps the wall time that it states; one in UTC (`Z` or an
    offset of zero) is brought into the source's zone where that is another; a date stays a date, as partial as it is.

    Raises:
        Fatal: no such time zone.
    """
    if zone not in available_timezones():
        raise Fatal("no such time zone", "source.time_zone", "a name of the IANA database, such as Europe/Berlin")
    local = _LOCAL_UTC if zone in {"UTC", "Etc/UTC", "Zulu"} else _LOCAL_ZONE.replace("{zone}", zone)
    return _MACROS + _STATE + local

"""Cut text into words and reduce each to the key under which it is compared.

A key is the word in lower case, without accents and possessive, with irregular forms and number
words made regular, and stemmed. Stop words have no key.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from flowgrade.models.reader.stems import stem

# Scripts written without spaces are cut into single characters; a number keeps its inner marks,
# and a word its single letter before a hyphen (e-mail).
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]"
    r"|(?:[A-Za-z]-(?=[^\W\d_]))?[^\W_\u3040-\u30ff\u3400-\u9fff][^\W_\u3040-\u30ff\u3400-\u9fff\u0300-\u036f]*"
    r"(?:[.,:]\d+|['\u2019][^\W\d_]+|[\u0300-\u036f]+[^\W_]*)*"
)
_TOKEN = re.compile(r"\w+|[^\w\s]")

_STOP_WORDS_TEXT = """
a about after again all also am an and any anybody anyone anything are as at be been being both
but by can cannot could did do does doing done each either else ever every everyone everything few
for from get gets getting give given gives going gonna got had has have having he hello her here
hers herself hi him himself his how however i if in into is it its itself just know let like made
make makes many may me might mine more most much must my myself need needs neither no nobody none
nor not nothing of off ok okay on one only onto or other others our ours ourselves out over own
please quite rather really same say says shall she should since so some somebody someone something
still such take taken takes taking tell than thank thanks that the their theirs them themselves
then there these they thing things this those though through to told too took toward towards under
until up upon us use used using very via want wants was we well were what whatever when whenever
where wherever whether which whichever while who whoever whom whose why will with within without
would yes yet you your yours yourself yourselves don't doesn't didn't isn't aren't wasn't weren't
can't couldn't won't wouldn't shouldn't haven't hasn't hadn't mustn't needn't it's that's there's
what's who's where's when's how's here's let's i'm i've i'd i'll you're you've you'd you'll we're
we've we'd we'll they're they've they'd they'll he's she's he'd she'd he'll she'll it'll dont
doesnt didnt cant wont isnt ll ve re
"""
_STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
# Stop words in lower case, names in capitals.
_CAPITALS = frozenset({"IT", "US", "WHO"})
_REGULAR = {
    form: base
    for base, _, forms in (
        entry.partition(":")
        for entry in re.split(
            r"[;\n]\s*",
            """
    bad:worse worst;bear:bore borne born;beat:beaten;become:became;begin:began begun
    bind:bound;blow:blew blown;break:broke broken;bring:brought;build:built;burn:burnt
    buy:bought;catch:caught;child:children;choose:chose chosen;come:came;deal:dealt
    draw:drew drawn;drink:drank drunk;drive:drove driven;eat:ate eaten
    fall:fell fallen;feed:fed;feel:felt
    fight:fought;find:found;fly:flew flown;foot:feet;forbid:forbade forbidden
    forget:forgot forgotten;freeze:froze frozen;go:went gone;good:better best;grow:grew grown
    half:halves;hang:hung;hear:heard;hide:hid hidden;hold:held;keep:kept;knife:knives
    lead:led;learn:learnt;leave:left;lend:lent;lose:lost;man:men;mean:meant
    meet:met;mouse:mice;pay:paid;person:people;prove:proven;ride:rode ridden
    ring:rang rung;rise:rose risen;run:ran;see:saw seen;seek:sought;sell:sold;send:sent
    shake:shook shaken;shelf:shelves;shine:shone;shoot:shot;show:shown;shrink:shrank shrunk
    sing:sang sung;sink:sank sunk;sit:sat;sleep:slept;speak:spoke spoken;spend:spent
    spin:spun;stand:stood;steal:stole stolen;stick:stuck;strike:struck;swear:swore sworn
    sweep:swept;swim:swam swum;swing:swung;teach:taught;tear:tore torn
    think:thought;throw:threw thrown;tooth:teeth;understand:understood;wake:woke woken
    wear:wore worn;wife:wives;win:won;woman:women;write:wrote written
    2:two twice;3:three;4:four;5:five;6:six;7:seven;8:eight;9:nine;10:ten;11:eleven
    12:twelve dozen;13:thirteen;14:fourteen;15:fifteen;16:sixteen;17:seventeen;18:eighteen
    19:nineteen;20:twenty;30:thirty;40:forty;50:fifty;60:sixty;70:seventy;80:eighty;90:ninety
    100:hundred;1000:thousand;1st:first;3rd:third;4th:fourth;5th:fifth
            """,
        )
    )
    for form in forms.split()
}


def content_keys(text: str) -> list[str]:
    """Return the keys of the words that carry content, in order, repetitions kept."""
    return list(filter(None, map(key, _WORD.findall(text))))


@lru_cache(maxsize=65_536)
def key(word: str) -> str:
    """Return the key under which a word is compared, or "" for a stop word."""
    if word in _CAPITALS:
        return word
    plain = _fold(word)
    if plain in _STOP_WORDS:
        return ""
    plain = plain.partition("'")[0].replace("-", "")
    plain = _REGULAR.get(plain, plain)
    if plain.isdigit() or not plain.isascii():
        return plain
    if plain[0].isdigit():
        return plain.replace(",", "")
    return stem(plain)


def count_tokens(text: str) -> int:
    """Return the number of words and punctuation marks in the text."""
    return sum(1 for _ in _TOKEN.finditer(text))


def _fold(word: str) -> str:
    """Return the word in lower case without accents, with a plain apostrophe."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).replace("\u2019", "'")

"""Splits a prompt into steps, and reads their sides, counts, tempo, lengths, negation and what is done at once.

Plain rules on English words, in the order in which they are applied. Nothing here needs the model, but the verbs that
it knows help to tell "walk, turn and run" (three steps) from "Sparta, the messenger" (one).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import snowballstemmer

from .constants import MAX_COUNT, MAX_STORY_SECONDS, MIN_BLOCK_SECONDS
from .errors import RequestError

Side = Literal["left", "right"]
# support: the foot that carries the body; aim: where the hands go, whichever does it.
Limb = Literal["hand", "foot", "support", "turn", "step", "aim"]
SUBJECT = 5  # words at most, with the verb

_stemmer = snowballstemmer.stemmer("english")
_IRREGULAR = {
    form: verb
    for verb, forms in {
        "begin": "began begun", "bend": "bent", "bite": "bit bitten", "blow": "blew blown", "break": "broke broken",
        "bring": "brought", "catch": "caught", "come": "came", "creep": "crept", "dig": "dug", "do": "does did done",
        "draw": "drew drawn", "drink": "drank drunk", "drive": "drove driven", "eat": "ate eaten",
        "fall": "fell fallen", "fight": "fought", "flee": "fled", "fly": "flew flown", "freeze": "froze frozen",
        "get": "got gotten", "give": "gave given", "go": "goes went gone", "hang": "hung",
        "hide": "hid hidden", "hold": "held", "kneel": "knelt", "leap": "leapt", "lie": "lying lies lay lain",
        "make": "made", "ride": "rode ridden", "rise": "rose risen", "run": "running ran", "shake": "shook shaken",
        "shoot": "shot", "sing": "sang sung", "sit": "sat", "sleep": "slept", "slide": "slid", "spin": "spun",
        "stand": "stood", "strike": "struck", "sweep": "swept", "swim": "swam swum", "swing": "swung",
        "take": "took taken", "tear": "tore torn", "throw": "threw thrown", "wake": "woke woken", "weep": "wept",
        "write": "wrote written",
    }.items()
    for form in forms.split()
}  # fmt: skip
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_NUMBER = r"(?P<number>\d{1,2}|" + "|".join(_NUMBERS) + r"|a couple of)"
_TIMES = re.compile(
    rf"[,;]?\s*\b(?:for\s+)?(?:(?P<word>once(?=\W*$)|twice|thrice)|{_NUMBER}(?:\s+(?:more\s+|full\s+|whole\s+|complete\s+)?times|\s*x(?=\W|$)|\s+in\s+a\s+row)|"
    r"x\s?(?P<after>\d{1,2}))\b(?!\s+(?:a|an|per|each|every)\b)",
    re.IGNORECASE,
)
# "walks for 3 seconds", "planks for a minute", "run 2.5 s", "wave (3 s)", "a 5-second bow", but not "in his 40s", "for
# a second look", "in under 10 seconds", "the five-second rule".
_DIGITS = r"\d+(?:\.\d+)?"
_LASTING = re.compile(
    rf"[\s,]*\bfor\s+(?:about\s+|exactly\s+)?(?:(?P<number>{_DIGITS}|one|{'|'.join(_NUMBERS)}|a\s+couple\s+of|a\s+few)"
    r"[\s-]*(?:s|secs?|seconds?|(?P<minutes>mins?|minutes?))|(?P<minute>(?:half\s+)?a\s+minute))\b|"
    rf"(?<=\ba\s)(?P<bow>{_DIGITS})[\s-]seconds?\b(?!$)|"
    rf"(?<!\bin)(?<!\bwith)(?<!\bunder)(?<!\bthe)(?<!\bhis)(?<!\bher)[\s,]+\(?(?!\d*0s)(?P<last>{_DIGITS})\s*(?:s|secs?|seconds?)\)?\W*$",
    re.IGNORECASE,
)
_LENGTHS = {"half a minute": 30.0, "a minute": 60.0, "one": 1.0, "a couple of": 2.0, "a few": 3.0, **_NUMBERS}
# Nouns that say what is done: "two quick uppercuts".
_DEEDS = frozenset((
    "uppercut", "jab", "hook", "kick", "punch", "slap", "cartwheel", "flip", "backflip", "somersault", "burpe", "up",
    "jack", "lung", "curtsi", "salut", "handspr", "pirouett", "roll", "strike", "slash",
))  # fmt: skip
_COUNTED = re.compile(rf"\b{_NUMBER}\s+(?P<what>(?:\w+\s+)?[\w-]+s)\b", re.IGNORECASE)
_HAND = r"(?:hand|arm|fist|elbow|wrist|shoulder|palm)s?"
_FOOT = r"(?:leg|foot|feet|knee|heel|hip)s?"
_SIDED = re.compile(
    r"\b(?P<side>left|right)\b(?!\s+(?:now|away|after|before|there|here|at|on|up|in|into)\b)", re.IGNORECASE
)
_NO_SIDE = re.compile(
    r"\b(?:all|just|that['’]s|is)\s+right\b|\bthe\s+right\s+(?:way|thing|time|moment|place|answer|one|person)\b",
    re.IGNORECASE,
)
_ON_ONE = re.compile(
    r"\bon\s+(?:(?:the|his|her|my|your|their|its)\s+)?(?:left|right)\s+(?=(?:leg|foot)\b)", re.IGNORECASE
)
_WITH_SIDE = re.compile(
    rf"\s*\b(?:with|using|on)\s+(?:(?:the|his|her|my|your|their|a|one|its)\s+)?(?:left|right)\s+({_HAND}|{_FOOT})\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b(?P<counter>counter-?|anti-?)?clockwise\b", re.IGNORECASE)
_TURNS = re.compile(
    r"\b(?:(?:turn|spin|rotat|twirl|pirouett|veer|pivot|swivel|whirl|clockwise|curv)\w*|"
    r"(?:tak|took|mak|mad|hang)\w*\s+an?\s+(?:\w+\s+)?(?:left|right)\b(?!\s+\w))",
    re.IGNORECASE,
)
_STEPS = re.compile(r"\b(?:step|sidestep|shuffl|slid|strafe|dodg|move|sway|gallop|sideways)\w*", re.IGNORECASE)
# "points to the left": the way counts, whichever arm does it.
_AIMS = re.compile(
    rf"\bpoint(?:s|ed|ing)?\s+(?:[^,]*?\s)?(?:to|towards?)\s+(?:the|his|her|its|their|my|your)\s+(?:left|right)\b"
    rf"(?!\s+(?:{_HAND}|{_FOOT})\b)",
    re.IGNORECASE,
)
_FEET = re.compile(r"\b(?:kick|stomp|hop|knee|lung|stamp|leg|foot|toe)\w*", re.IGNORECASE)
_VERY = r"(?P<very>(?:very|really|extremely|super|so|incredibly)\s+)?"
# "a slow squat", "does fast jumping jacks", but not "hold fast to the rope".
_BEFORE_NOUN = (
    "(?:^|" + "|".join(rf"(?<=\b{word}\s)" for word in ("a", "the", "some", "do", "does", "doing", "very")) + ")"
)
_SLOW = re.compile(
    rf"[,;]?\s*\b{_VERY}(?:slowly|unhurriedly|gradually|(?:without\s+any|in\s+no|without)\s+(?:hurry|haste|rush)|leisurely|sluggishly|lazily|"
    r"(?P<motion>(?:in\s+(?:a\s+)?)?(?:super\s+)?slow[\s-]?mo(?:tion)?)|"
    r"(?:at|with)\s+(?:an?\s+)?(?:very\s+)?(?:slow|low|leisurely|relaxed|snail['’]?s|turtle['’]?s)\s+(?:speed|pace|tempo)|"
    r"as\s+slow(?:ly)?\s+as\s+(?:\w+\s+)?(?:can|possible)|slow(?=\s*[.,;!]?$|\s+and\b)|"
    rf"{_BEFORE_NOUN}slow(?=\s+(?!danc|mo\b|motion|clap)\w)|"
    r"tak(?:e|es|ing)\s+(?:his|her|their|your|my|its)\s+time(?:\s+(?:to|with|in|when))?)\b",
    re.IGNORECASE,
)
_FAST = re.compile(
    rf"[,;]?\s*\b{_VERY}(?:quickly|rapidly|hurriedly|swiftly|speedily|hastily|briskly|in\s+a\s+(?:\w+\s+)?(?:hurry|rush)|"
    r"(?:at|with)\s+(?:an?\s+)?(?:very\s+)?(?:high|full|top|fast|great|double|lightning|breakneck|maximum|quick|rapid|brisk)\s+"
    r"(?:speed|pace|tempo)|as\s+(?:fast|quick(?:ly)?)\s+as\s+(?:\w+\s+)?(?:can|possible)|in\s+fast[\s-]?(?:forward|motion)|"
    r"in\s+(?:a\s+flash|no\s+time)|like\s+lightning|lightning[\s-]fast|"
    rf"(?:speedy|rapid|quick|hasty|brisk)(?=\s+\w)|{_BEFORE_NOUN}fast(?=\s+\w)|fast(?=\s*[.,;!]?$|\s+and\b))\b",
    re.IGNORECASE,
)
_SLOWER, _MUCH_SLOWER, _SLOW_MOTION, _FASTER, _MUCH_FASTER = 0.65, 0.5, 0.4, 1.45, 1.75

_NEGATED = (
    re.compile(
        r"^\W*(?:please\s+)?(?:do\s+not|don['’]?t|never|no\b(?!\s+(?:more|way|doubt|problem))|not\b)", re.IGNORECASE
    ),
    re.compile(r"\b(?:do|does|is|are|but|and|should|must|or)\s*(?:not|n['’]?t)\s+\w+", re.IGNORECASE),
    re.compile(
        r"\bnever\s+\w+s\b|\bnot\s+(?:like\b|\w+ly\b(?!\s+but))|\b(?:neither|nor)\b|\banything\s+(?:but|except)\b|\b(?:instead\s+of|rather\s+than)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:without|no)\s+(?:\w+ing\b|(?:(?:any|the|his|her|their|its|your|my)\s+)?(?:{_HAND}|{_FOOT}|arms?|head|movement|motion)\b)",
        re.IGNORECASE,
    ),
)
# What things do, or don't do, is nothing to show: "but it doesn't stop".
# Nor is what a manner is for: "tiptoes so that she doesn't wake the baby".
_ASIDE = re.compile(
    r",?\s*\b(?:(?:but|and|though|although)\s+(?:it|this|that|nothing)|"
    r"(?:so(?:\s+that)?|because|since)\s+(?:he|she|it|they|we|you|i|nobody|no\s+one|\w+\s+\w+))"
    r"\s+(?:do|did|does|is|was|wo|will|would|can|could|ca)(?:\s*not|n['’]?t)\s+\w+[^,;.]*",
    re.IGNORECASE,
)
# "walks over": over there, not over something.
_THERE = re.compile(
    r"(?P<going>\b(?:walk|run|com|go|jog|step|hurr|rush|wander|stroll|mov|skip|hop|crawl|sprint|dash)\w*)\s+over(?=\W*$)",
    re.IGNORECASE,
)

_PERSONS = (
    "person", "man", "woman", "guy", "girl", "boy", "kid", "child", "lady", "human", "figure", "body", "dude",
    "character", "grandma", "grandpa", "mother", "father", "dancer", "player", "soldier",
)  # fmt: skip
_FILLER = (
    r"(?:(?:i|he|she|it|they|you|we)['’](?:m|s|re)|and|then|also|again|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|next|now|at\s+last|to\s+begin|once|"
    rf"(?:a|an|the|some|this|that|my|your|his|her|our)\s+(?:\w+\s+)?(?:{'|'.join(_PERSONS)})|people|someone|somebody|he|she|they|"
    r"it|i|you|is|are|have|has|had|suddenly|(?:start|begin|keep|continue)(?:s|ning|ing)?(?:\s+(?:to|by|with|off|on))?|"
    r"(?:end|finish)(?:s|es|ing)?(?:\s+(?:off|up))?\s+(?:with|by)(?:\s+an?)?|finish(?:es|ed)?(?=\s+\w+ing\b)|stops?\s+and|(?:goes|go)(?:\s+on(?:\s+(?:to|with))?)?|quickly|slowly)"
)
_LEAD = re.compile(rf"^(?:\W*\b{_FILLER}\b[\s,]*)+", re.IGNORECASE)
_THEN = re.compile(
    r"\s*[,;.]?\s*\b(?:and\s+then|then|(?:and\s+)?after\s+(?:that|which)|afterwards?|followed\s+by|"
    r"(?:(?:and,?\s+)?(?:a\s+(?:moment|second|minute|while|bit|little(?:\s+while)?)|(?:a\s+few|\w+)\s+(?:moments|seconds|minutes)|"
    r"some\s+time)\s+)?later(?:\s+on)?|"
    r"(?:and\s+)?(?:finally|lastly|eventually|(?:in|at)\s+the\s+end(?!\s+of)|at\s+last|next(?!\s+to\b))|and\s+last|"
    r"until\s+(?=(?:he|she|they|you|i)\s)|"
    r"(?:and\s+)?(?:end|finish)(?:s|es|ing)?(?:\s+(?:off|up))?\s+(?:with|by))\b[,:]?\s*|"
    r",?\s+so\s+(?=(?:he|she|they)\s)|\s*[;.]\s+(?=\w)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*(?:^|(?<=\s)|(?<=[,;.]))\(?\d[.)]\s+")
_BEFORE_FIRST = re.compile(
    r"^\W*(?:before|prior\s+to)\s+(?P<late>[^,]+?)(?:,\s*|\s+(?=(?:he|she|they|you|i)\s))(?P<early>.+)$", re.IGNORECASE
)
_AFTER_FIRST = re.compile(
    r"^\W*(?:after|once|when)\s+(?P<early>[^,]+?)(?:,\s*|\s+(?=(?:he|she|they|you|i)\s))(?P<late>.+)$",
    re.IGNORECASE,
)
_HAVING = re.compile(r"^\W*having\s+(?P<early>[^,]+),\s*(?P<late>.+)$", re.IGNORECASE)
_BEFORE = re.compile(r"^(?P<early>.+?),?\s+(?:right\s+|just\s+)?before\s+(?P<late>.+)$", re.IGNORECASE)
_AFTER = re.compile(
    r"^(?P<late>.+?),?\s+(?:(?:right\s+|just\s+)?after\s+(?=\w+ing\b|(?:he|she|they|you|i)\s)|once\s+(?=(?:he|she|they|you|i)\s))(?P<early>.+)$",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"[\s,]+and\W*$|^\W*(?:and|then|first(?:ly)?|secondly|thirdly|finally|lastly|next)\b[\s,]*|[\s,]+again\W*$",
    re.IGNORECASE,
)
_HEADS = re.compile(r"^\W*heads?\s+(?:off|out|over|back|home|away|for|to|toward|towards|into)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"(?:he|she|they|it|you|i)\b", re.IGNORECASE)
_ADVERB = re.compile(r"\w{2,}(?<!f)ly", re.IGNORECASE)
_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
# "a series of punches, blocks and kicks": things, though each could be a verb.
_PLURAL = r"(?:[\w-]+\s+){0,2}?[\w-]+s\b"
_NOUN_LIST = re.compile(
    rf"\b(?:(?<!\bout\s)of|between)\s+(?!(?:the|his|her|their|my|a|an)\b){_PLURAL}"
    rf"(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_PLURAL})+(?=\W*$|\s*[,.;]|\s+(?:with|in|at|on|to|while)\b)",
    re.IGNORECASE,
)
_WHILE = re.compile(
    r"^(?P<main>.+?),?\s+(?:while|whilst|as(?=\s+(?:he|she|they|you|i)\s(?!can\b|could\b))|(?:and\s+)?at\s+the\s+same\s+time(?:\s+as)?|simultaneously)\s+(?P<also>.+)$",
    re.IGNORECASE,
)
_WHILE_FIRST = re.compile(r"^\W*while\s+(?P<also>[^,]+),\s*(?P<main>.+)$", re.IGNORECASE)
_SAME_TIME = re.compile(
    r"^(?P<main>.+?)\s+and\s+(?P<also>.+?),?\s+(?:at\s+the\s+same\s+time|simultaneously|(?:both\s+|all\s+)?at\s+once|"
    r"as\s+(?:he|she|they|you)\s+do(?:es)?\s+so)\W*$",
    re.IGNORECASE,
)
# "checking his watch as he goes"
_MEANWHILE = re.compile(
    r",?\s+(?:as|while)\s+(?:he|she|they|you|i|we)\s+(?:go(?:es)?|went|moves?|walks?|do(?:es)?)(?:\s+(?:so|it|along|by|on))?\W*$",
    re.IGNORECASE,
)
_AS_DOING = re.compile(
    r"^(?P<main>.+?),?\s+and\s+as\s+(?:he|she|they|you)\s+\w+,?\s+(?P<also>(?:he|she|they|you)\s.+)$", re.IGNORECASE
)
# "sitting in a chair, a woman takes a selfie"
_DOING_FIRST = re.compile(
    r"^\W*(?P<main>(?!having\b|taking\s+\w+\s+time)\w+ing\b[^,]*),\s+(?P<also>(?:an?|the|some\w+|his|her|my)\s+(?!\w+ing\b)[^,]+)$",
    re.IGNORECASE,
)
# "strolls along playing the guitar", but not "keeps walking" or "starts by running".
_TRAILING = re.compile(r"(?<!\S)(?P<last>\w+)\s+(?=(?P<also>\w+ing\s.+)$)", re.IGNORECASE)
_GOVERNING = frozenset((
    "keep", "keeps", "kept", "start", "starts", "begin", "begins", "go", "goes", "going", "stop", "stops", "like",
    "likes", "love", "loves", "continue", "continues", "is", "are", "was", "do", "does", "doing", "did", "by", "of",
    "to", "or", "in", "from", "with", "and", "for", "while", "a", "an", "the", "his", "her", "their", "some", "no",
    "not", "without", "one", "few", "several", "many", "more", *_NUMBERS,
))  # fmt: skip
_DOING = re.compile(
    r"^(?P<main>[^,]+?)(?:,\s*(?:but\s+)?(?P<also>\w+ing\b[^,]*)|\s+(?P<held>holding\s[^,]+))$", re.IGNORECASE
)
_POSED = re.compile(
    r"^(?P<main>.+?)(?:,?\s+with\s+|,\s+)(?P<also>(?:(?:his|her|their|the|both|my|your|a|an|one)\s+)*"
    r"(?:arms?|hands?|fists?|fingers?|palms?|elbows?)\s+.+)$",
    re.IGNORECASE,
)
_SUBJECT = r"(?:(?:he|she|it|they|you|i)\s+)?"
# "walks, stops and waves": who stops between steps stands; a "stop" alone is a sign to others.
STANDS = "stand still"
_STOPS = re.compile(
    rf"{_SUBJECT}(?:stop|stops|stopping|pauses?|pausing|halts?|halting)"
    r"(?:\s+(?:briefly|suddenly|abruptly|there|for\s+a\s+(?:moment|second|while|bit)))?",
    re.IGNORECASE,
)
# "bows and leaves": who leaves after a step walks away, and does nothing with leaves.
LEAVES = "walk away"
_LEAVES = re.compile(
    rf"{_SUBJECT}(?:leaves?|left|leaving|exits?|exiting|departs?|departing)"
    r"(?:\s+(?:again|slowly|quickly|calmly|quietly|the\s+(?:room|stage|scene|house|building)))?",
    re.IGNORECASE,
)
# "comes in and sits down": who comes in walks, and is not seated at once.
_ENTERS = re.compile(
    r"(?P<subject>(?:(?:he|she|it|they|you|i|(?:a|an|the)\s+(?:\w+\s+)?\w+)\s+)?)"
    r"(?:(?:comes?|came|goes|go|went)\s+in(?:side|to\s+the\s+\w+)?|enter(?:s|ed)?(?:\s+(?:the|a|his|her)\s+\w+)?)",
    re.IGNORECASE,
)
# "walk to the door and walk back": who comes back the way he went turns around, and does not walk backward.
_RETURNS = re.compile(
    r"(?P<subject>(?:\b(?:he|she|it|they|you|i)\s+)?)\b"
    r"(?P<going>(?:walk|runn?|ran|jogg?|stroll|marche?|crawl|tiptoe|(?P<somehow>goe?|come?|went|came))(?P<ending>s|ed|ing|))"
    r"\s+back(?=\W*$|[,.;!]|\s+(?:and|then|again|home|here|there|slowly|quickly|inside|running|with)\b(?!\s+forth)|"
    r"\s+to\s+(?:the|his|her|their|my|where)\b(?!\s+(?:left|right|start|starting|original|initial|\w+\s+position|position)))",
    re.IGNORECASE,
)
_HAS_GONE = re.compile(
    r"\b(?:walk|runn?|jogg?|stroll|marche?|crawl|tiptoe|goe?|ran|went)(?:s|ed|ing)?\b", re.IGNORECASE
)
_HAS_TURNED = re.compile(
    r"\bturn(?:s|ed|ing)?(?=\W*$|\s*[,.;!]|\s+(?:around|round|about|left|right|to|and|then)\b)", re.IGNORECASE
)
# "shrugs and walks away": who goes away has done first what he did.
_AWAY = re.compile(r"\b(?:away|off|out|leaves?|leaving|exits?)\W*$", re.IGNORECASE)
# "walks to the table and picks up a cup": who goes somewhere gets there first.
_ARRIVES = re.compile(
    r"\b(?:(?:walk|run|jog|crawl|tiptoe|sneak|rush|stroll|march|limp|step)(?:s|ed|p?ing|ning|ging)?|ran|go(?:es|ing)?|went|"
    r"hurr(?:y|ies|ied|ying)|com(?:es?|ing)|came)\s+"
    r"(?:(?:over|up|back|straight|quickly|slowly)\s+)?(?:to|into|onto)\s+(?:the|an?|his|her|their|my|where)\b"
    r"(?!\s+(?:left|right|beat|music|rhythm|side|front))",
    re.IGNORECASE,
)
# "kick with the right leg, then the left": the verb is said once, for both sides.
_OWN = r"(?:(?:the|his|her|their|my|your|its|a)\s+)?"
_LIMB = r"(?:one|side|hand|arm|leg|foot|fist|knee|shoulder|elbow|hip|direction)"
_WITHIN = r"(?:(?!\bthen\b)[^,;.!])*?"  # one step
_OTHER_SIDE = re.compile(
    rf"(?:^|(?<=[,;.!])|(?<=\bthen))(?P<gap>\s*)(?P<done>{_WITHIN}\b(?:(?P<first>left|right)\b|(?P<one>one)\b(?=\s+{_LIMB}\b))"
    rf"(?:\s+(?P<limb>{_LIMB}))?{_WITHIN})"
    r"(?:\s*[,;.]\s*|\s+)(?:and\s+)?then\s+(?:(?P<verb>(?!with\b|on\b|to\b|in\b|at\b)\w+)\s+(?=the\s+other\b))?"
    rf"(?:(?:with|on|to|in|at|from)\s+)?{_OWN}(?P<second>left|right|other)(?:\s+(?P<other>{_LIMB}))?"
    r"(?=\s*(?:$|[,.;!?\"”]|(?:and|then)\b))",
    re.IGNORECASE,
)
MOST_SIDES = 4  # in a row: more are left as they are
_FIRST_WITH = re.compile(r"\s*,\s*first\s+(?=(?:with|on|to|in|at|from)\s)", re.IGNORECASE)
# "puts on a jacket, first the right arm, then the left" is one action.
_SIDE_BY_SIDE = re.compile(
    rf"\s*,\s*first\s+{_OWN}(?:left|right|one)\s+\w+\s*,?\s+(?:and\s+)?then\s+"
    rf"{_OWN}(?:left|right|other)(?:\s+{_LIMB})?(?=\W*$)",
    re.IGNORECASE,
)
# "sits down, claps and gets up": who sits gets up from a chair, and who crawls from the floor.
_SEATED = re.compile(
    r"\b(?:sits?|sitting|sat|takes?\s+a\s+seat)\b(?![-\s]*ups?\b)(?!.*\b(?:floor|ground|grass|mat|carpet|rug|sand|beach|bed|"
    r"lotus|heels|cross\w*|up|push\w*|slips?|crouch\w*|squat\w*|lies?|lying|kneels?|kneeling|falls?|falling|drops?)\b)",
    re.IGNORECASE,
)
_ON_FLOOR = re.compile(
    r"\b(?:crawl(?:s|ing|ed)?|push-?\s?ups?|sit-?\s?ups?)\b|\b(?:lie|lies|lay|lying)\b(?=\s*(?:[,.;]|(?:down|on|still|flat|there|and|then)\b))",
    re.IGNORECASE,
)
_RISES = re.compile(
    r"\b(?P<rising>(?:stand|get)(?:s|ting|ing)?(?:\s+(?:back|right))?\s+up)(?:\s+again)?"
    r"(?=\s*(?:$|[,.;!]|(?:and|then|to|before|slowly|quickly)\b))",
    re.IGNORECASE,
)
# A thing, by its article and the words up to the next of these; and what stands for it later.
_ARTICLES = frozenset(("a", "an", "the", "his", "her", "their", "my", "your", "some", "one", "two"))
_NO_NOUNS = frozenset((
    "about", "above", "across", "after", "again", "against", "along", "and", "around", "as", "at", "away", "back",
    "before", "behind", "below", "between", "but", "by", "down", "for", "forward", "from", "he", "high", "if", "in",
    "into", "is", "it", "like", "of", "off", "on", "onto", "or", "out", "over", "she", "so", "that", "them", "then",
    "there", "they", "through", "to", "together", "toward", "towards", "twice", "under", "until", "up", "upon", "when",
    "which", "while", "who", "with", "without", "you",
))  # fmt: skip
_NO_THINGS = frozenset((*_PERSONS, "people", "friend", "way", "time", "side", "moment", "while", "bit", "minute"))
_NOUN_WORDS = 3
_FOR_THINGS = re.compile(r"(?<=\w\s)(?P<pronoun>it|them)\b(?!\s+(?:is|was|are|were|has|\w+s)\b)", re.IGNORECASE)
# First words of action names that are hardly ever meant as verbs.
_NOUNS = {
    "knee",
    "head",
    "side",
    "armi",
    "bear",
    "dj",
    "hand",
    "karat",
    "tenni",
    "soccer",
    "basketbal",
    "yoga",
    "zombi",
}
_COMMON_VERBS = (
    "aim", "answer", "approach", "ascend", "ask", "balance", "bend", "block", "bounce", "bow", "break", "brush",
    "call", "carry", "catch", "celebrate", "chase", "chat", "check", "cheer", "clap", "clean", "climb", "close",
    "collapse", "come", "continue", "cough", "crawl", "creep", "crouch", "cry", "cut", "dance", "dash",
    "descend", "dig", "dive", "do", "dodge", "drink", "drop", "duck", "dust", "eat", "enter", "exit", "face",
    "fall", "fight", "flee", "flex", "flip", "fly", "freeze", "get", "give", "glance", "go", "grab", "hide",
    "hit", "hold", "hop", "hug", "hurry", "jog", "jump", "kick", "kneel", "knock", "laugh", "lean", "leap",
    "leave", "lie", "lift", "limp", "listen", "look", "lower", "lunge", "make", "march", "move", "nod", "open",
    "pace", "pause", "peer", "pick", "place", "play", "point", "pose", "pray", "press", "pull", "pump", "punch",
    "push", "put", "raise", "reach", "relax", "rest", "return", "ride", "rise", "roll", "rub", "run", "rush",
    "salute", "say", "scratch", "search", "set", "shake", "shoot", "shout", "shrug", "shuffle", "sing", "sip", "sit",
    "skip", "sleep", "slide", "slip", "smoke", "snap", "sneak", "sneeze", "spin", "sprint", "squat", "squeeze",
    "stagger", "stamp", "stand", "stare", "start", "stay", "step", "stomp", "stop", "stretch", "strike",
    "stroll", "strum", "stumble", "surrender", "swim", "swing", "take", "talk", "tap", "throw", "tiptoe",
    "toss", "touch", "trip", "trot", "turn", "twirl", "twist", "wait", "wake", "walk", "wander", "wash",
    "watch", "wave", "whisper", "wipe", "write", "yawn",
)  # fmt: skip
_SIDES = {"left": "right", "right": "left", "clockwise": "counterclockwise", "counterclockwise": "clockwise"}
_SIDE_WORDS = re.compile(r"\b(" + "|".join(_SIDES) + r")\b", re.IGNORECASE)


@functools.lru_cache(maxsize=20_000)  # a stem takes 20 µs, and the words of prompts are few
def stem(word: str) -> str:
    """The stem of an English word in lower case: "walking" → "walk"."""
    return str(_stemmer.stemWord(_IRREGULAR.get(word, word)))


@dataclass(frozen=True)
class Clause:
    """One thing to do.

    Attributes:
        text: its words, without those that the other fields stand for.
        original: all its words.
        also: what is done at the same time.
        joined: whether a mere "and" joins the two; it may also mean one after the other, or one action.
        whole: the words of both, without those for lengths.
        listed: the list that it is an item of; the whole list may be one action, too.
        side: the side that the words name.
        limb: what acts on that side.
        count: how many times.
        tempo: how fast; 1 leaves the speed as it is.
        seconds: how long, where the words say so.
    """

    text: str
    original: str
    also: Clause | None = None
    joined: bool = False
    whole: str = ""
    listed: Clause | None = None
    side: Side | None = None
    limb: Limb = "hand"
    count: int | None = None
    tempo: float = 1.0
    seconds: float | None = None

    @property
    def words(self) -> str:
        """All its words, with those of what is done at the same time."""
        return self.whole or self.original

    @property
    def lasts(self) -> float | None:
        """The seconds that it takes with what is done at the same time, where the words say so."""
        return self.seconds or (self.also.seconds if self.also else None)


def refuse_negation(text: str, what: str = "text") -> None:
    """Refuse a text that says what not to do.

    Args:
        text: the text.
        what: the name of the field that holds it, for the message.

    Raises:
        RequestError: for such a text.
    """
    words = negated(text)
    if words is not None:
        raise RequestError(
            f"{what}: {words!r} says what not to do, which this model does not understand: it might do just that. "
            "Say what the body should do instead"
        )


def negated(text: str) -> str | None:
    """Find the words with which a text says what not to do.

    Args:
        text: the text.

    Returns:
        Such words, or None.
    """
    plain = _ASIDE.sub("", text)
    for pattern in _NEGATED:
        if match := pattern.search(plain):
            return match.group().strip()
    return None


def clauses(text: str, verbs: Collection[str] = ()) -> list[Clause]:
    """Split a prompt into its steps.

    Args:
        text: the prompt.
        verbs: stems of the verbs that the model knows, as `verb_stems` gives them.

    Returns:
        The steps in order.

    Raises:
        RequestError: for a length in digits outside 0.5–60 seconds, or a count outside 1–10.
    """
    found = []
    for step in ordered(text, verbs):
        parts = items(step, verbs)
        listed = _detailed(step, verbs) if len(parts) > 1 else None
        found += [replace(_clause(part, verbs), listed=listed) for part in parts]
    return [_in_context(clause, several=len(found) > 1) for clause in found]


def _in_context(clause: Clause, several: bool) -> Clause:
    """A clause with what its words mean beside other steps, if there are any."""
    if clause.also and clause.joined:
        clause, several = replace(clause, also=_in_context(clause.also, several=True)), True
    if not several:
        return clause
    if enters := _ENTERS.fullmatch(clause.text):
        return replace(clause, text=f"{enters['subject']}walks in")
    for pattern, meant in ((_STOPS, STANDS), (_LEAVES, LEAVES)):
        if pattern.fullmatch(clause.text):
            return replace(clause, text=meant)
    return clause


def verb_stems(actions: Collection[str]) -> set[str]:
    """List the stems of verbs: of the first words of action names, and of common ones.

    Args:
        actions: the names. "walk up stairs" gives "walk", "do push-ups" gives "do" and "push".

    Returns:
        The stems.
    """
    words = {word for action in actions for word in re.split(r"[\s-]", action)[: 2 if action.startswith("do ") else 1]}
    return {stem(word) for word in [*words, *_COMMON_VERBS]} - _NOUNS


def steps(text: str, verbs: Collection[str] = ()) -> list[str]:
    """Split a text into its steps.

    Args:
        text: the text.
        verbs: stems of known verbs; without them, only words such as "then" separate steps.

    Returns:
        The words of each step, in the order in which they are done.
    """
    return [part for step in ordered(text, verbs) for part in items(step, verbs)]


def with_things_named(text: str) -> str:
    """Put things in place of pronouns, since each step is read alone.

    Args:
        text: "picks up a box and puts it on a shelf".

    Returns:
        "picks up a box and puts the box on a shelf".
    """

    def named(match: re.Match[str]) -> str:
        many = match["pronoun"].lower() == "them"
        things = [thing for thing in _things(text[: match.start()]) if thing.endswith("s") == many]
        return f"the {things[-1]}" if things else match.group()

    return _FOR_THINGS.sub(named, text)


def with_turns_back(text: str) -> str:
    """Put a turn before a way back, unless the text has one, and say "walks" instead of "walks back".

    Args:
        text: "walks to the door and walks back".

    Returns:
        "walks to the door and turns around and walks". A text that only goes back is left as it is.
    """

    def turned(match: re.Match[str]) -> str:
        before, ending, subject = text[: match.start()], match["ending"], match["subject"]
        if _HAS_TURNED.search(before):
            turn = ""
        elif _HAS_GONE.search(before):
            turn = f"turn{ending} around and {subject}"
        else:
            return match.group()
        return f"{subject}{turn}{f'walk{ending}' if match['somehow'] else match['going']}"

    return _RETURNS.sub(turned, text)


def arrives(text: str) -> bool:
    """Say whether somebody goes somewhere.

    Args:
        text: a step.

    Returns:
        True for "walks to the table", not for "walks".
    """
    return bool(_ARRIVES.search(text))


def goes_away(text: str) -> bool:
    """Say whether somebody goes away in a text, as in "walks away" or "leaves"."""
    return bool(_AWAY.search(text))


def with_sides_spelled_out(text: str) -> str:
    """Say again what is done with the other side.

    Args:
        text: "kick with the right leg, then the left".

    Returns:
        "kick with the right leg, then kick with the left leg".
    """

    def again(match: re.Match[str]) -> str:
        done, first, second = match["done"], (match["first"] or match["one"]).lower(), match["second"].lower()
        limb, other = match["limb"], match["other"]
        if first == second or (first == "one" and second != "other"):
            return match.group()
        if other and limb and other.lower() not in (limb.lower(), "one"):  # another limb, not the other side
            return match.group()
        sides = ("the left", "the right") if first == "one" else (first, _SIDES[first])
        place = match.start("first" if match["first"] else "one") - match.start("done")
        once, twice = (f"{done[:place]}{side}{done[place + len(first) :]}" for side in sides)
        if match["verb"]:
            twice = f"{match['verb']} the {sides[1].removeprefix('the ')} {limb or ''}".strip()
        return f"{match['gap']}{once}, then {twice}"

    text = _FIRST_WITH.sub(" ", _SIDE_BY_SIDE.sub("", text))
    for _ in range(MOST_SIDES):  # "left, then right, then left"
        text, before = _OTHER_SIDE.sub(again, text, count=1), text
        if text == before:
            break
    return text


def with_seats_named(text: str) -> str:
    """Say from where somebody gets up who sat down.

    Args:
        text: "sits down, waits and gets up".

    Returns:
        "sits down, waits and gets up from the chair"; who crawls or lies, from the floor. Who sits on the floor is left
        there.
    """

    def seated(match: re.Match[str]) -> str:
        before = text[: match.start()]
        if _SEATED.search(before):
            return f"{match['rising']} from the chair"
        return f"{match['rising']} from the floor" if _ON_FLOOR.search(before) else match.group()

    return _RISES.sub(seated, text)


def _things(text: str) -> list[str]:
    """The things that a text names with an article, without it: "opens the front door" → ["front door"]."""
    found = []
    for part in re.split(r"[^\w\s'’-]+", text.lower()):
        words = part.split()
        for number, word in enumerate(words):
            if word not in _ARTICLES or words[number - 1 : number] == ["with"]:
                continue
            noun = list(itertools.takewhile(_may_name, words[number + 1 :]))
            if noun and len(noun) <= _NOUN_WORDS and not _NO_THINGS & set(noun):
                found.append(" ".join(noun))
    return found


def _may_name(word: str) -> bool:
    return word not in _NO_NOUNS and not _ADVERB.fullmatch(word)


def ordered(text: str, verbs: Collection[str] = ()) -> list[str]:
    """Split a text into parts that words such as "then" or "before" put in order.

    Args:
        text: the text.
        verbs: stems of known verbs.

    Returns:
        The parts in the order in which they are done.
    """
    text = with_sides_spelled_out(_ASIDE.sub("", text).strip() or text.strip())
    text = with_seats_named(with_turns_back(with_things_named(text)))
    title, colon, instructions = text.partition(":")
    if colon and _begins_with_verb(instructions, verbs) and not _begins_with_verb(title, verbs):
        text = instructions.strip()  # "my morning: get up, stretch and yawn"
    for pattern in (_BEFORE_FIRST, _AFTER_FIRST, _BEFORE, _AFTER):
        match = pattern.match(text)
        if match and all(_begins_with_verb(match[part], verbs) for part in ("early", "late")):
            return [*ordered(match["early"], verbs), *ordered(match["late"], verbs)]
    if match := _HAVING.match(text):  # "having swept the floor, she mops it"
        return [*ordered(match["early"], verbs), *ordered(match["late"], verbs)]
    splitter = _NUMBERED if len(_NUMBERED.findall(text)) > 1 else _THEN
    stripped = ((part, part.strip(" ,;.!")) for part in splitter.split(text) if part)
    parts = [part for part, words in stripped if words and not _PRONOUN.fullmatch(words)]
    if len(parts) > 1:
        return [step for part in parts for step in ordered(part, verbs)]
    return [text]


def items(text: str, verbs: Collection[str] = ()) -> list[str]:
    """Split a list of verbs, which are done in order.

    Two verbs that only "and" joins may be done at once: they stay together.

    Args:
        text: a part of a text, as `ordered` gives it.
        verbs: stems of known verbs.

    Returns:
        The items; the text alone if it is no such list.
    """
    found = _listed(text, verbs)
    if (len(found) > 2 or (len(found) == 2 and "," in text)) and not any(
        at_once.match(text) for at_once in (_DOING, _DOING_FIRST, _SAME_TIME)
    ):
        bare = [_ORDER.sub("", part).strip(" ,;.") for part in found]
        return [part for part in bare if part] or [text]  # "walk and and and bow" has two steps
    return [_ORDER.sub("", text).strip(" ,;.") or text]


def _clause(text: str, verbs: Collection[str]) -> Clause:
    main = _MEANWHILE.sub("", text)
    if main != text and _DOING.match(main):
        text = main
    for pattern in (_SAME_TIME, _AS_DOING, _WHILE_FIRST, _WHILE, _DOING_FIRST):
        if match := pattern.match(text):
            return _at_once(text, match["main"], match["also"], verbs)
    if (match := _DOING.match(text)) and _begins_with_verb(also := match["also"] or match["held"], verbs):
        return _at_once(text, match["main"], also, verbs)
    halves = _listed(text, verbs)
    if len(halves) == 2:
        return replace(_at_once(text, halves[0], halves[1], verbs), joined=True)
    if match := _POSED.match(text):
        return _at_once(text, match["main"], match["also"], verbs)
    if parts := _trailing(text, verbs):
        return _at_once(text, *parts, verbs)
    return _detailed(text, verbs)


def _at_once(whole: str, main: str, also: str, verbs: Collection[str]) -> Clause:
    if not all(_tidy(_SLOW.sub("", words)) for words in (main, also)):  # "take your time turning around"
        return _detailed(whole, verbs)
    return replace(_detailed(main, verbs), also=_detailed(also, verbs), whole=lasting(whole)[0])


def _trailing(text: str, verbs: Collection[str]) -> tuple[str, str] | None:
    """The two parts of a text at the first match of _TRAILING that leaves a verb of its own to each."""
    for match in _TRAILING.finditer(text):
        governed = match["last"].lower() in _GOVERNING or re.fullmatch(r"\d+|\w+ly", match["last"])
        main = text[: match.end("last")]
        if not governed and _tells(main, verbs) and _begins_with_verb(match["also"], verbs):
            return main, match["also"]
    return None


def _detailed(text: str, verbs: Collection[str]) -> Clause:
    original = text
    text, seconds = lasting(_THERE.sub(r"\g<going>", text))
    return replace(_with_tempo(_with_side(_with_count(Clause(text, original), verbs), text)), seconds=seconds)


def lasting(text: str) -> tuple[str, float | None]:
    """Separate a step from its length: "walks for 3 seconds" → "walks", 3.

    Args:
        text: the step.

    Returns:
        The step without the words for its length, and the length in seconds, if there is one.

    Raises:
        RequestError: for a length in digits ("for 90 seconds") outside 0.5–60 seconds. In words it is a manner of
            speaking: "waits for ten minutes".
    """
    match = _LASTING.search(text)
    if match is None:
        return text, None
    word = " ".join((match["number"] or match["minute"] or match["bow"] or match["last"]).lower().split())
    seconds = float(_LENGTHS.get(word) or word) * (60 if match["minutes"] else 1)
    if MIN_BLOCK_SECONDS <= seconds <= MAX_STORY_SECONDS:
        return _tidy(f"{text[: match.start()]} {text[match.end() :]}") or text, seconds
    if match["number"] and word[0].isdigit():
        raise RequestError(
            f"text: {match.group().strip(' ,')!r} can't be made; ask for {MIN_BLOCK_SECONDS:g} to "
            f"{MAX_STORY_SECONDS:g} seconds"
        )
    return text, None


def _with_count(clause: Clause, verbs: Collection[str]) -> Clause:
    if match := _TIMES.search(clause.text):
        number = {"once": 1, "twice": 2, "thrice": 3}.get((match["word"] or "").lower()) or _number(
            match["number"] or match["after"]
        )
        text = clause.text[: match.start()] + clause.text[match.end() :]
    elif (match := _COUNTED.search(clause.text)) and any(
        stem(word) in verbs or stem(word) in _DEEDS for word in re.split(r"\W", match["what"].lower())
    ):
        number = _number(match["number"])
        text = clause.text[: match.start("number")] + clause.text[match.end("number") :]
    else:
        return clause
    if not 1 <= number <= MAX_COUNT:
        raise RequestError(f"text: {number} times can't be done; ask for 1 to {MAX_COUNT} times")
    return replace(clause, text=_tidy(text) or clause.text, count=number)


def last_step(text: str) -> tuple[str, str]:
    """Separate the last step of an unfinished prompt: "walk, then si" → "walk, then ", "si".

    Args:
        text: the prompt.

    Returns:
        The words before the last step, and the last step.
    """
    ends = [match.end() for match in _THEN.finditer(text)]
    start = max([*ends, text.rfind(",") + 1]) if ends or "," in text else 0
    start += len(text[start:]) - len(text[start:].lstrip())
    return text[:start], text[start:]


def without_lead(text: str) -> str:
    """A step without the words before its verb: "a person walks" → "walks"."""
    return _LEAD.sub("", text)


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS.get(word.lower(), 2)


def _with_side(clause: Clause, whole: str) -> Clause:
    sides = {match["side"].lower() for match in _SIDED.finditer(_NO_SIDE.sub("", whole))}
    if clock := _CLOCK.search(whole):
        sides = {"left" if clock["counter"] else "right"}
    if len(sides) != 1:
        return clause
    side: Side = "left" if "left" in sides else "right"
    limb: Limb = "hand"
    if _ON_ONE.search(whole):
        limb = "support"
    elif _AIMS.search(whole):
        limb = "aim"
    elif re.search(rf"\b{side}\s+{_FOOT}\b", whole, re.IGNORECASE):
        limb = "foot"
    elif re.search(rf"\b{side}\s+{_HAND}\b", whole, re.IGNORECASE):
        limb = "hand"
    elif _TURNS.search(whole):
        limb = "turn"
    elif _STEPS.search(whole):
        limb = "step"
    elif _FEET.search(whole):
        limb = "foot"
    plain = _WITH_SIDE.sub("", _ON_ONE.sub("on one ", clause.text))  # who hops on the left foot hops on one
    return replace(clause, text=_tidy(plain) or clause.text, side=side, limb=limb)


def _with_tempo(clause: Clause) -> Clause:
    for pattern, plain, very in ((_SLOW, _SLOWER, _MUCH_SLOWER), (_FAST, _FASTER, _MUCH_FASTER)):
        if match := pattern.search(clause.text):
            tempo = very if match["very"] else plain
            if "motion" in match.re.groupindex and match["motion"]:
                tempo = _SLOW_MOTION
            text = _tidy(clause.text[: match.start()] + clause.text[match.end() :])
            return replace(clause, text=text or clause.text, tempo=tempo)
    return clause


def _listed(text: str, verbs: Collection[str]) -> list[str]:
    """The parts of a list that begin with verbs: "crawl on hands and knees, get up and run" are three."""
    parts, begin = [], 0
    for separator in [*_separators(text), None]:
        end = separator.start() if separator else len(text)
        if separator and not _begins_with_verb(text[separator.end() :], verbs):
            continue  # what follows belongs to this part: "hands and knees"
        if separator and separator.group().strip() == "," and _PRONOUN.match(text, separator.end()):
            continue  # "running late for the train, she sprints"
        if text[begin:end].strip(" ,;."):
            parts.append(text[begin:end])
        begin = separator.end() if separator else end
    return parts if parts and _tells(parts[0], verbs) else [text]


def _separators(text: str) -> list[re.Match[str]]:
    """Where a text has commas and "and", but for those in lists of things."""
    things = [found.span() for found in _NOUN_LIST.finditer(text)]
    return [found for found in _AND.finditer(text) if not any(start < found.start() < end for start, end in things)]


def _tells(part: str, verbs: Collection[str]) -> bool:
    """Whether a part begins with a verb, or with a subject of a few words and a verb: "the tired worker digs"."""
    words = re.findall(r"[\w'’-]+", part)
    return _begins_with_verb(part, verbs) or any(
        word.endswith("s") and stem(word.lower()) in verbs for word in words[1:SUBJECT]
    )


def _begins_with_verb(part: str, verbs: Collection[str]) -> bool:
    if _HEADS.match(part):
        return True
    return any(
        stem(words[0].split("-")[0].lower()) in verbs and not _ADVERB.fullmatch(words[0])
        for words in (re.findall(r"[\w-]+", words_from) for words_from in (part, _LEAD.sub("", part)))
        if words
    )


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,;.")


def swap_sides(text: str) -> str:
    """ "raise the left hand" → "raise the right hand": the text of a mirrored motion."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        swapped = _SIDES[word.lower()]
        return swapped.upper() if word.isupper() else swapped.title() if word[0].isupper() else swapped

    return _SIDE_WORDS.sub(swap, text)

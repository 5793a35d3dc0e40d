"""Thai text: one normaliser, digits, พ.ศ. dates, slugs and sorting. Pure functions, no words of the domain.

`\\w`, `isalnum` and NFKC break Thai (marks are not letters, NFKC takes ำ apart): none of them is used here.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta, timezone

BANGKOK = timezone(timedelta(hours=7), "Asia/Bangkok")
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
ARABIC_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

# Windows and Mac fonts stored shifted marks in the private-use area; Word documents still carry them.
_PRIVATE = {
    0xF700: "ฐ", 0xF701: "ิ", 0xF702: "ี", 0xF703: "ึ", 0xF704: "ื", 0xF705: "่", 0xF706: "้", 0xF707: "๊",
    0xF708: "๋", 0xF709: "์", 0xF70A: "่", 0xF70B: "้", 0xF70C: "๊", 0xF70D: "๋", 0xF70E: "์", 0xF70F: "ญ",
    0xF710: "ั", 0xF711: "ํ", 0xF712: "็", 0xF713: "่", 0xF714: "้", 0xF715: "๊", 0xF716: "๋", 0xF717: "์",
    0xF718: "ุ", 0xF719: "ู", 0xF71A: "ฺ",
}  # fmt: skip
_CLEAN = {
    **_PRIVATE, 0x00A0: " ", 0x202F: " ", 0x2007: " ", 0x200B: None, 0x200C: None, 0x200D: None, 0x2060: None,
    0xFEFF: None, 0x00AD: None, 0x200E: None, 0x200F: None, 0x202A: None, 0x202B: None, 0x202C: None,
    0x202D: None, 0x202E: None, 0x2066: None, 0x2067: None, 0x2068: None, 0x2069: None, 0x0000: None, 0xFFFE: None, 0xFFFF: None,
}  # fmt: skip

_ABOVE_BELOW = "ัิีึืฺุู็"
_TONES = "่้๊๋์ํ"
_THAI_DIGIT = re.compile("[๐-๙]")
_SARA_AM = re.compile("\u0e4d([่้๊๋]?)\u0e32|([่้๊๋])\u0e4d\u0e32")
_DOUBLED = re.compile(f"([{_ABOVE_BELOW}{_TONES}])\\1+")
_MISORDERED = re.compile(f"([่้๊๋์])([{_ABOVE_BELOW}])")
_AM_THEN_TONE = re.compile("ำ([่้๊๋])")

MONTHS = ("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.")
LONG_MONTHS = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip


def normalise(text: str) -> str:
    """Text as the office stores it: NFC, private-use marks mapped, ำ recomposed, marks single and in order.

    Keeps line breaks, digits and case. Source: counting contract, section 1. Example: กําลังใจ (decomposed) -> กำลังใจ.
    """
    text = unicodedata.normalize("NFC", text.translate(_CLEAN)).replace("\r\n", "\n").replace("\r", "\n")
    # One mending can make room for another (a doubled tone inside a torn ำ): on until nothing changes.
    while (mended := _mend(text)) != text:
        text = mended
    return text


def _mend(text: str) -> str:
    text = text.replace("เเ", "แ")
    text = _SARA_AM.sub(lambda m: (m.group(1) or m.group(2) or "") + "ำ", text)
    text = _AM_THEN_TONE.sub(r"\1ำ", text)
    text = _DOUBLED.sub(r"\1", text)
    return _MISORDERED.sub(r"\2\1", text)


def fold(text: str) -> str:
    """Normalised text for comparing and searching: Arabic digits, small letters. Same length as `normalise(text)`."""
    return fold_stored(normalise(text))


def fold_stored(text: str) -> str:
    """As `fold`, for text that was normalised when it was stored: no second cleaning. Same length as `text`."""
    if _THAI_DIGIT.search(text):  # Translating costs more than looking.
        text = text.translate(ARABIC_DIGITS)
    small = text.lower()
    # A few letters (such as İ) grow when made small: those stay, so that places in both texts agree.
    return small if len(small) == len(text) else "".join(low if len(low := c.lower()) == 1 else c for c in text)


def one_line(text: str) -> str:
    """Normalised, on one line, single spaces, no control characters."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in normalise(text))
    return re.sub(r"\s+", " ", kept).strip()


def is_word_character(char: str) -> bool:
    """Letters, numbers and marks: Thai vowels and tones count, unlike in `\\w`."""
    return unicodedata.category(char)[0] in "LNM"


def slug(text: str, fallback: str = "บทความ") -> str:
    """Words joined with hyphens for an address, marks kept, never empty, at most 80 characters."""
    joined = "".join(c if is_word_character(c) else "-" for c in one_line(text).lower())
    return re.sub("-+", "-", joined).strip("-")[:80].rstrip("-") or fallback


def sort_key(text: str) -> str:
    """Key of Thai dictionary order: a leading vowel sorts after its consonant, tones break ties only."""
    folded = re.sub("([เแโใไ])([ก-ฮ])", r"\2\1", fold(text))
    plain = "".join(c for c in folded if c not in "็่้๊๋์")
    return plain + "\x00" + folded


def thai_date(day: date, *, long: bool = False) -> str:
    """Example: 2014-10-01 -> "1 ต.ค. 2557"; long -> "1 ตุลาคม 2557"."""
    month = (LONG_MONTHS if long else MONTHS)[day.month - 1]
    return f"{day.day} {month} {day.year + 543}"


def thai_digits(text: object) -> str:
    """Every Arabic digit as a Thai one."""
    return str(text).translate(THAI_DIGITS)


def parse_date(text: str) -> date | None:
    """A day typed by a person: ISO, d/m/yyyy or "1 ต.ค. 2557", พ.ศ. or ค.ศ., either digits; None if it cannot be.

    Two-digit years are พ.ศ. 25xx, as offices write them. Example: "๑ ต.ค. ๕๗" -> 2014-10-01.
    """
    text = one_line(text).translate(ARABIC_DIGITS)
    if found := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        year, month, day = (int(part) for part in found.groups())
    elif found := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})", text):
        day, month, year = (int(part) for part in found.groups())
    elif found := re.fullmatch(r"(\d{1,2})\s*([ก-๙.]+)\s*(?:พ\.?ศ\.?)?\s*(\d{2}|\d{4})", text):
        day, year = int(found[1]), int(found[3])
        names = [*MONTHS, *LONG_MONTHS]
        if found[2] not in names:
            return None
        month = names.index(found[2]) % 12 + 1
    else:
        return None
    if year < 100:
        year += 2500
    if year > 2300:
        year -= 543
    try:
        return date(year, month, day)
    except ValueError:
        return None


def percent_text(numerator: int, denominator: int) -> str:
    """Percent truncated, never rounded, to two decimals. Example: 899 of 999 -> "89.98"; 0 of 0 -> "–"."""
    if denominator == 0:
        return "–"
    hundredths = numerator * 10000 // denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}"

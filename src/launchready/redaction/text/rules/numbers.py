"""Card and bank account numbers, which a check digit proves."""

#: Issuer ranges: first and last prefix, and the lengths issued (ISO/IEC 7812-1). A number outside the ranges is no
#: card, whatever its check digit: one in ten numbers passes Luhn, and so does one in ten epoch milliseconds.
ISSUERS: tuple[tuple[str, str, frozenset[int]], ...] = (
    ("4", "4", frozenset({16, 19})),
    ("51", "55", frozenset({16})),
    ("2221", "2720", frozenset({16})),
    ("34", "34", frozenset({15})),
    ("37", "37", frozenset({15})),
    ("6011", "6011", frozenset({16})),
    ("644", "649", frozenset({16})),
    ("65", "65", frozenset({16})),
    ("3528", "3589", frozenset({16})),
    ("300", "305", frozenset({14})),
    ("36", "36", frozenset({14})),
    ("38", "39", frozenset({14})),
    ("62", "62", frozenset({16, 17, 18, 19})),
    ("81", "81", frozenset({16})),
    ("5018", "5018", frozenset({16})),
    ("5020", "5020", frozenset({16})),
    ("5038", "5038", frozenset({16})),
    ("6304", "6304", frozenset({16})),
    ("6759", "6759", frozenset({16})),
    ("6761", "6763", frozenset({16})),
    ("2200", "2204", frozenset({16})),
    ("9792", "9792", frozenset({16})),
)

_LENGTHS = (
    "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 "
    "DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 "
    "HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 "
    "MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 "
    "RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 "
    "VG:24 XK:20 YE:30"
)
#: Number of characters of an IBAN by country (ISO 13616, IBAN registry).
IBAN_LENGTHS: dict[str, int] = {pair[:2]: int(pair[3:]) for pair in _LENGTHS.split()}

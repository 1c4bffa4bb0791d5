"""Formats of keys that name their vendor. The prefix is proof, so the words around a key do not matter.

Each row has a class, the literals of which one must occur in the text (a gate that makes most rows free), and a
pattern. If the pattern has a group, only group 1 is hidden. All repetitions are bounded or possessive, so a pattern is
linear on any input. Source: the vendors' documentation of their key formats. ``PUBLIC`` has the identifiers that are
public by design (``pk_live_``, ``AC...``, ``cus_...``).
"""

from typing import NamedTuple


class Vendor(NamedTuple):
    """One format. ``near``: a cheaper pattern that must match somewhere, for formats without a certain literal."""

    kind: str
    gates: tuple[str, ...]
    pattern: str
    near: str = ""


_LEFT = r"(?<![A-Za-z0-9])"
_EDGE = r"(?<![A-Za-z0-9_\-])"

VENDORS: tuple[Vendor, ...] = (
    # The parts of a JWT are joined by dots. The first name in its header identifies a truncated one: alg, typ, kid,
    # enc, cty, jku, x5t, zip; iv begins an encrypted cookie. Other base64 of JSON is a cursor, or is read when decoded.
    Vendor(
        "jwt",
        ("eyJ",),
        _LEFT + r"eyJ(?:(?:hbGci|0eXAi|raWQi|lbmMi|jdHki|qa3Ui|4NX|6aXAi|pdiI6)[A-Za-z0-9_\-]{8,65536}+"
        r"(?:(?:\.|%2E)[A-Za-z0-9_\-]{0,65536}+){0,5}+"
        r"|(?<![_\-]eyJ)[A-Za-z0-9_\-]{14,65536}+(?:(?:\.|%2E)[A-Za-z0-9_\-]{0,65536}+){1,5}+)={0,2}",
    ),
    Vendor("stripe", ("k_live_", "k_test_"), _LEFT + r"[sr]k_(?:live|test)_[A-Za-z0-9]{6,255}+"),
    Vendor("stripe", ("whsec_",), _LEFT + r"whsec_[A-Za-z0-9+/=_\-]{12,128}+"),
    Vendor(
        "stripe", ("_secret_",), _LEFT + r"(?:pi|seti|cs|ek|src|sub|in)_[A-Za-z0-9]{6,64}+_secret_[A-Za-z0-9]{6,128}+"
    ),
    Vendor(
        "aws",
        ("AKIA", "ASIA"),
        r"A(?:KIA|SIA)[A-Z2-7]{12,20}[\"']?[,:;] ?[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
    ),
    Vendor("aws", ("AKIA", "ASIA", "ABIA", "ACCA"), _LEFT + r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{12,20}+(?![a-z])"),
    Vendor("github", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), _LEFT + r"gh[pousr]_[A-Za-z0-9]{16,255}+"),
    Vendor("github", ("github_pat_",), _LEFT + r"github_pat_[A-Za-z0-9_]{20,255}+"),
    Vendor("slack", ("xox", "xapp-"), _LEFT + r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9\-]{10,255}+"),
    Vendor(
        "slack",
        ("hooks.slack",),
        r"hooks\.slack(?:-gov)?\.com(?:\\{0,4}/|%2F)"
        r"((?:services|workflows|triggers)(?:\\{0,4}/|%2F)[A-Za-z0-9/%_\\\-]{8,255}+)",
    ),
    # As urllib3 logs it: "Max retries exceeded with url: /services/...", without the host.
    Vendor("slack", ("/services/T",), r"/(services/T[A-Z0-9]{6,16}/B[A-Z0-9]{6,16}/[A-Za-z0-9]{16,64}+)"),
    Vendor("google", ("AIza",), _LEFT + r"AIza[A-Za-z0-9_\-]{30,45}+"),
    Vendor("google", ("ya29.",), _LEFT + r"ya29\.[A-Za-z0-9_.\-]{12,2048}+"),
    Vendor("google", ("GOCSPX-",), _LEFT + r"GOCSPX-[A-Za-z0-9_\-]{16,64}+"),
    Vendor("oauth", ("1//", "1%2F%2F"), r"(?<![A-Za-z0-9/:])1(?://|%2F%2F)[A-Za-z0-9_\-]{24,512}+"),
    Vendor("email_provider", ("SG.",), _LEFT + r"SG\.[A-Za-z0-9_\-]{8,64}+(?:\.[A-Za-z0-9_\-]{8,128}+)?"),
    Vendor("email_provider", ("key-",), _LEFT + r"key-[0-9a-z]{32}(?![A-Za-z0-9])"),
    Vendor(
        "email_provider",
        (),
        r"[0-9a-f](?<![A-Za-z0-9\-].)[0-9a-f]{31}-[0-9a-f]{8}-[0-9a-f]{8}(?![A-Za-z0-9\-])",
        near=r"-[0-9a-f]{8}-[0-9a-f]{8}",
    ),
    Vendor("email_provider", ("re_",), _LEFT + r"re_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{16,48}+"),
    Vendor(
        "email_provider", ("xkeysib-", "xsmtpsib-"), _LEFT + r"x(?:key|smtp)sib-[a-f0-9]{32,80}+(?:-[A-Za-z0-9]{8,32})?"
    ),
    Vendor("email_provider", ("-us",), r"(?<![A-Za-z0-9\-])[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])"),
    Vendor("email_provider", ("mlsn.",), _LEFT + r"mlsn\.[a-f0-9]{40,80}+"),
    Vendor("email_provider", ("md-",), _EDGE + r"md-[A-Za-z0-9_\-]{22}(?![A-Za-z0-9_\-])"),
    Vendor(
        "twilio",
        (),
        r"AC[0-9a-f]{32}[\"'], {0,2}[\"']([0-9a-f]{32})(?![0-9A-Za-z])",
        near=r"AC[0-9a-f]{32}[\"'], ?",
    ),
    Vendor("twilio", (), r"SK(?<![A-Za-z0-9]SK)[0-9a-f]{32}(?![A-Za-z0-9])", near="SK"),
    Vendor(
        "ai_keys",
        ("sk-",),
        r"(?<![A-Za-z0-9\-])sk-(?:proj-|svcacct-|admin-|ant-[a-z]{3,5}\d{2}-|or-v1-|lf-)?[A-Za-z0-9_\-]{16,255}+",
    ),
    Vendor(
        "ai_keys",
        ("hf_", "gsk_", "pplx-", "xai-", "r8_", "tgp_"),
        _LEFT + r"(?:hf_|gsk_|pplx-|xai-|r8_|tgp_v1_)[A-Za-z0-9_\-]{24,128}+",
    ),
    Vendor(
        "other_vendor",
        ("discord",),
        r"discord(?:app)?\.com(?:\\{0,4}/|%2F)api(?:\\{0,4}/|%2F)(?:v\d{1,2}\\{0,4}/)?"
        r"(webhooks(?:\\{0,4}/|%2F)\d{10,24}(?:\\{0,4}/|%2F)[A-Za-z0-9_\-]{20,128}+)",
    ),
    Vendor("other_vendor", (":A", "%3AA"), r"(?<![0-9A-Za-z:])(?:bot)?(\d{8,10}(?::|%3A)A[A-Za-z0-9_\-]{32,36}+)"),
    Vendor(
        "other_vendor",
        (),
        r"[MNO](?<![A-Za-z0-9_\-.].)[A-Za-z0-9_\-]{22,27}+\.[\w\-]{6}\.[A-Za-z0-9_\-]{27,40}+(?![A-Za-z0-9_\-])",
        near=r"\.[\w\-]{6}\.[A-Za-z0-9_\-]{27}",
    ),
    Vendor(
        "other_vendor",
        ("sbp_", "sb_secret_"),
        _LEFT + r"(?:sbp_(?:v0_)?[a-f0-9]{32,64}+|sb_secret_[A-Za-z0-9_\-]{16,64}+)",
    ),
    Vendor("other_vendor", ("cfut_", "cfat_", "cfk_", "cfast_"), _EDGE + r"cf(?:ut|at|k|ast)_[A-Za-z0-9_\-]{32,80}+"),
    Vendor("other_vendor", ("v1.0-",), _EDGE + r"v1\.0-[0-9a-f]{20,32}-[0-9a-f]{100,180}+"),
    Vendor(
        "other_vendor",
        ("access-production-", "access-development-", "access-sandbox-"),
        _EDGE + r"access-(?:production|development|sandbox)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    Vendor("other_vendor", ("npm_",), _LEFT + r"npm_[A-Za-z0-9]{30,64}+"),
    Vendor("other_vendor", ("pypi-",), _EDGE + r"pypi-[A-Za-z0-9_\-]{40,512}+"),
    Vendor(
        "other_vendor", ("glpat-", "gldt-", "glrt-", "glptt-"), _LEFT + r"gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_\-.]{18,80}+"
    ),
    Vendor("other_vendor", ("_v1_",), _LEFT + r"do[opr]_v1_[a-f0-9]{40,80}+"),
    Vendor(
        "other_vendor",
        ("shpat_", "shpca_", "shppa_", "shpss_", "shptka_"),
        _LEFT + r"shp(?:at|ca|pa|ss|tka)_[a-fA-F0-9]{24,64}+",
    ),
    Vendor(
        "other_vendor",
        ("sq0", "EAAA"),
        _LEFT + r"(?:sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{20,64}+|EAAA[A-Za-z0-9_\-]{56,128}+)",
    ),
    Vendor("other_vendor", ("EAA",), _LEFT + r"EAA[A-Za-z0-9]{60,512}+"),
    Vendor(
        "other_vendor",
        ("dckr_", "lin_api_", "figd_", "PMAK-", "ntn_", "secret_"),
        _LEFT + r"(?:dckr_(?:pat|oat)_|lin_api_|figd_|PMAK-|ntn_|secret_)[A-Za-z0-9_\-]{24,128}+",
    ),
    Vendor("other_vendor", ("NRAK-", "NRJS-", "NRII-"), _LEFT + r"NR(?:AK|JS|II)-[A-Za-z0-9]{20,48}+"),
    Vendor("other_vendor", ("hvs.", "hvb."), _LEFT + r"hv[sb]\.[A-Za-z0-9_\-]{20,256}+"),
    Vendor("other_vendor", ("sntrys_", "sntryu_"), _LEFT + r"sntry[su]_[A-Za-z0-9_=\-+/]{32,512}+"),
    Vendor(
        "other_vendor",
        ("rnd_", "vercel_", "vcp_", "FlyV1", "fo1_", "rubygems_"),
        _LEFT + r"(?:rnd_|vercel_|vcp_|FlyV1 fm\d_|fo1_|rubygems_)[A-Za-z0-9_\-+/=,]{24,1024}+",
    ),
    Vendor(
        "other_vendor",
        ("pat-",),
        _EDGE + r"pat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    Vendor(
        "other_vendor",
        ("office.com", "office365.com"),
        r"(?:webhook\.office\.com|outlook\.office(?:365)?\.com)/(webhookb?2?/[A-Za-z0-9@/_\-]{40,512}+)",
    ),
    Vendor("other_vendor", ("ATBB", "ATCTT3", "ATATT3"), _LEFT + r"AT(?:BB|CTT3|ATT3)[A-Za-z0-9_\-=.]{24,300}+"),
    Vendor("other_vendor", ("glsa_", "glc_", "glcbt-"), _LEFT + r"gl(?:sa_|c_|cbt-)[A-Za-z0-9_\-+/=]{24,400}+"),
    Vendor("other_vendor", ("pscale_",), _LEFT + r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_\-.]{32,64}+"),
    Vendor(
        "other_vendor",
        ("dp.pt.", "dp.st.", "dp.sa.", "dp.ct."),
        _LEFT + r"dp\.(?:pt|st|sa|ct)\.[A-Za-z0-9_\-.]{40,84}+",
    ),
    Vendor("other_vendor", ("dapi",), _LEFT + r"dapi[a-f0-9]{32}(?:-\d)?(?![A-Za-z0-9])"),
    Vendor("other_vendor", ("nfp_", "vck_"), _LEFT + r"(?:nfp|vck)_[A-Za-z0-9]{36,64}+"),
    Vendor("other_vendor", (".atlasv1.",), r"(?<![A-Za-z0-9.])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,70}+"),
    Vendor("other_vendor", ("rzp_live_", "klarna_live_"), _LEFT + r"(?:rzp|klarna)_live_[A-Za-z0-9_\-]{14,255}+"),
    Vendor("other_vendor", ("live_",), r"(?<![A-Za-z0-9_])live_[A-Za-z0-9]{30,64}+(?![A-Za-z0-9_])"),
    Vendor("other_vendor", ("sk.eyJ",), _LEFT + r"sk\.eyJ[A-Za-z0-9_\-]{40,200}\.[A-Za-z0-9_\-]{16,64}+"),
    Vendor("other_vendor", ("AQE",), _LEFT + r"AQE[a-z]hmfxKY[A-Za-z0-9+/=\-]{20,256}+"),
    Vendor("other_vendor", ("$production$",), r"access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    Vendor(
        "other_vendor",
        ("Q~",),
        r"(?<![A-Za-z0-9_~.\-])[A-Za-z0-9_~.\-]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}(?![A-Za-z0-9_~.\-])",
    ),
    Vendor("other_vendor", ("HRKU-",), _LEFT + r"HRKU-[A-Za-z0-9_\-]{30,80}+"),
    Vendor("other_vendor", ("phx_",), _LEFT + r"phx_[A-Za-z0-9]{32,64}+"),
    Vendor("other_vendor", (), r"pat(?<![A-Za-z0-9]pat)[A-Za-z0-9]{14}\.[0-9a-f]{64}", near=r"\.[0-9a-f]{64}"),
    Vendor("other_vendor", ("AGE-SECRET-KEY-",), _LEFT + r"AGE-SECRET-KEY-1[A-Z0-9]{50,70}+"),
    Vendor(
        "signed_url",
        ("hooks.zapier", "hook.", "maker.ifttt"),
        r"(?:hooks\.zapier\.com/hooks/catch|hook\.[a-z0-9.]{2,20}\.?make\.com|maker\.ifttt\.com/use)/"
        r"([A-Za-z0-9/_\-]{8,128}+)",
    ),
    Vendor(
        "push_token",
        ("/fcm/send/", "/wpush/", "web.push.apple.com/", ".notify.windows.com/"),
        r"(?:/fcm/send/|/wpush/v\d/|web\.push\.apple\.com/|notify\.windows\.com/w/\?token=)([A-Za-z0-9_\-%:]{40,1024}+)",
    ),
    # The secret address of a Google calendar.
    Vendor("link_token", ("/private-",), r"/private-([0-9a-f]{32,40})(?=/|%2F)"),
    Vendor("push_token", ("PushToken[",), r"(?:Exponent|Expo)PushToken\[[A-Za-z0-9_\-]{8,64}+\]"),
    Vendor("push_token", ("APA91",), r"(?<![A-Za-z0-9_\-])[A-Za-z0-9_\-]{8,64}+(?::|%3A)APA91[A-Za-z0-9_\-]{40,512}+"),
    Vendor(
        "pw_hash",
        (
            "pbkdf2_",
            "pbkdf2:",
            "bcrypt_",
            "bcrypt$",
            "bcrypt:",
            "argon2id$",
            "argon2id:",
            "argon2i$",
            "argon2d$",
            "argon2$",
            "scrypt$",
            "scrypt:",
            "sha1$",
            "md5$",
        ),
        _LEFT
        + r"(?:(?:pbkdf2(?:_sha\d{1,3}|:sha\d{1,3})|bcrypt(?:_sha256)?|argon2(?:id|i|d)?|scrypt)[$:]|(?:sha1|md5)\$)"
        r"(?:[A-Za-z0-9$:./+=_\-]|,(?=[a-z]=)){16,512}+",
    ),
    Vendor(
        "pw_hash",
        ("$2", "$argon2", "$6$", "$5$", "$1$", "$y$", "$scrypt", "$7$", "$apr1$"),
        r"\$(?:2[abxy]?|argon2(?:id|i|d)|[1567y]|scrypt|apr1)\$(?:[A-Za-z0-9$./+=_\-]|,(?=[a-z]=)){16,512}+",
    ),
    Vendor("pw_hash", ("SCRAM-SHA-",), _LEFT + r"SCRAM-SHA-(?:1|256|512)\$\d{1,8}:[A-Za-z0-9+/=$:]{32,512}+"),
    # The magnetic stripe of a card (ISO/IEC 7813, track 1).
    Vendor("card", ("%B",), r"%B(\d{13,19})\^[^\^\n]{2,26}\^"),
    Vendor(
        "pw_hash", ("SHA}", "MD5}", "CRYPT}"), r"\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT)\}[A-Za-z0-9+/=$.]{16,256}+"
    ),
)

#: Identifiers that vendors make public. The name of a key alone never hides them.
PUBLIC = (
    r"(?:cus|pi|ch|py|evt|in|il|ii|sub|si|price|prod|plan|acct|pm|seti|txn|po|tr|re|req|ba|card|dp|du|fr|link|plink|pyr|"
    r"src|tok|bk|ord|order|usr|org|msg|whk|we|cs_test|cs_live|pk_test|pk_live|sb_publishable)_[A-Za-z0-9]{8,70}"
    r"|(?:AC|SM|MM|CA|PN|VA|MG)[0-9a-f]{32}"
)


def _other(gates: tuple[str, ...], pattern: str) -> Vendor:
    return Vendor("other_vendor", gates, _EDGE + pattern + "(?![A-Za-z0-9])")


#: Characters before a key. A prefix as short as ``pat`` opens the gate only at the beginning of a value.
BEFORE = ('"', "'", "`", "=", ":", ">", " ", "\\n")


def _begun(prefix: str) -> tuple[str, ...]:
    return tuple(before + prefix for before in BEFORE)


#: Formats that are rare in logs and common in code and configuration. Only the secrets scan uses them.
RARE: tuple[Vendor, ...] = (
    Vendor("twilio", ("SK",), _LEFT + r"SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    Vendor("other_vendor", ("MT", "MD", "Mz", "Nz", "OD", "OT"),
           _EDGE + r"[MNO][A-Za-z0-9_\-]{22,27}+\.[\w\-]{6}\.[A-Za-z0-9_\-]{27,40}+(?![A-Za-z0-9_\-])"),
    _other(("tskey-",), r"tskey-[a-z]{2,12}-[A-Za-z0-9]{8,24}(?:CNTRL)?-[A-Za-z0-9]{16,64}"),
    _other(("CFPAT-",), r"CFPAT-[A-Za-z0-9_\-]{40,64}"),
    _other(("dt0c01.", "dt0s16."), r"dt0[cs]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    _other(("LTAI",), r"LTAI[A-Za-z0-9]{16,24}"),
    Vendor("other_vendor", ("AAAAAAAAAAAAAAAAAAAA",),
           r"(?<![A-Za-z0-9_.%/+])A{20,24}[A-Za-z0-9%]{60,120}(?![A-Za-z0-9])"),
    _other(_begun("sl."), r"sl\.(?:u\.)?[A-Za-z0-9_\-]{120,1500}"),
    _other(("sdk-",), r"sdk-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    _other(("CCIPAT_", "CCIPRJ_"), r"CCIP(?:AT|RJ)_[A-Za-z0-9]{20,24}_[a-f0-9]{40}"),
    _other(("napi_",), r"napi_[a-z0-9]{48,80}"),
    _other(("pul-",), r"pul-[a-f0-9]{40}"),
    _other(("shippo_live_",), r"shippo_live_[a-f0-9]{40}"),
    _other(("bkua_",), r"bkua_[a-f0-9]{40}"),
    _other(("FLWSECK-",), r"FLWSECK-[a-zA-Z0-9]{32}-X"),
    _other(("EZAK",), r"EZAK[A-Za-z0-9]{54}"),
    _other(("tfp_",), r"tfp_[A-Za-z0-9_\-]{40,64}"),
    _other(("lsv2_",), r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    _other(("hcaik_", "hcxik_", "hcamk_"), r"hc[ax][im]k_[a-z0-9]{50,64}"),
    _other(("AKCp",), r"AKCp[A-Za-z0-9]{60,80}"),
    _other(("oy2",), r"oy2[a-z0-9]{43}"),
    _other(_begun("cio"), r"cio[A-Za-z0-9]{32}"),
    _other(("sqp_", "squ_", "sqa_"), r"sq[pua]_[a-f0-9]{40}"),
    _other(("pcsk_",), r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{60,70}"),
    _other(("ops_eyJ",), r"ops_eyJ[A-Za-z0-9_\-]{200,1200}"),
    _other(("NRAL",), r"[a-f0-9]{36}NRAL"),
    _other(("sgp_",), r"sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}"),
    _other(("pnu_", "pnb_"), r"pn[ub]_[A-Za-z0-9]{36}"),
    _other(("aio_",), r"aio_[A-Za-z0-9]{28}"),
    _other(("CLOJARS_",), r"CLOJARS_[a-z0-9]{60}"),
    _other(("fio-u-",), r"fio-u-[A-Za-z0-9_\-=]{64}"),
    _other(("duffel_live_",), r"duffel_live_[A-Za-z0-9_\-=]{43}"),
    _other(("rdme_",), r"rdme_[a-z0-9]{70}"),
    _other(_begun("pat"), r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
)  # fmt: skip

"""An account of an old program has no password, and may sign in from anywhere."""

from faults.fault import Cause, Fault
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Could somebody from outside get in? We want a security review",),
        "zh": ("做一次安全检查", "有没有弱口令"),
    },
    causes=[Cause(["weak-accounts"], ["old_kiosk"])],
    also=["wildcard-hosts:dba", "superusers", "password-hash", "tls-off", "file-access", "password-policy"],
    load=DAY,
    do=lambda scene: scene.run(
        "delete from mysql.global_priv where User = 'root'",
        "flush privileges",
        "create user old_kiosk@'%'",
        "grant select on shop.* to old_kiosk@'%'",
    ),
)

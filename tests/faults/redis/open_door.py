"""The default account has no password, and protected mode is off: only the address keeps strangers out."""

from faults.cache import DAY
from faults.fault import Cause, Fault

FAULT = Fault(
    asks={
        "en": ("Is this cache safe from strangers?", "Could somebody break in?"),
        "zh": ("缓存安全吗", "Redis 会不会被人入侵"),
    },
    causes=[Cause(["rd-auth"], [])],
    also=["tls-off", "rd-auth", "file-access", "audit-off", "tool-overprivileged"],
    load=DAY,
    settings={"protected-mode": "no"},
    wait_s=1,
)

"""The application signs in as a superuser of its own."""

from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import WEB


def do(scene: Scene) -> None:
    scene.run("alter role shop superuser")
    scene.start(WEB)


FAULT = Fault(
    asks={
        "en": ("Could a stranger get into this database?", "Is this database secure?"),
        "zh": ("这个库安全吗，会不会被人黑", "做一下安全检查"),
    },
    causes=[Cause(["superusers"], ["shop"])],
    also=["tls-off", "password-policy", "password-expiry", "audit-off", "pg-public-create", "tool-overprivileged",
          "encryption-at-rest", "public-grants", "role-power", "superusers", "secrets-in-logs"],
    do=do,
    wait_s=2,
)  # fmt: skip

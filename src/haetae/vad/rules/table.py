"""All rules by name, in the order in which people hear of them. Which of them open events and name them is measured (`naming.py`)."""

from typing import Final

from haetae.domain.suspicion import Suspicion
from haetae.vad.rules.base import Rule
from haetae.vad.rules.people import fall, fight, loitering, running
from haetae.vad.rules.places import intrusion, wrong_way
from haetae.vad.rules.things import abandoned, fire

RULES: Final = (
    Rule("fire_rule_v1", Suspicion.FIRE, fire),
    Rule("fall_rule_v2", Suspicion.FALL, fall),
    Rule("fight_rule_v1", Suspicion.FIGHT, fight),
    Rule("intrusion_rule_v1", Suspicion.INTRUSION, intrusion),
    Rule("abandoned_rule_v1", Suspicion.ABANDONED, abandoned),
    Rule("running_rule_v2", Suspicion.RUNNING, running),
    Rule("wrong_way_rule_v1", Suspicion.WRONG_WAY, wrong_way),
    Rule("loitering_rule_v1", Suspicion.LOITERING, loitering),
)
TAMPER_RULE: Final = "tamper_rule_v1"
"""Tampering has a monitor of its own (`vad/tamper.py`), which speaks under this name."""

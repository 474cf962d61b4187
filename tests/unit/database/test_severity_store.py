"""The severity policy in the database: SQLite and PostgreSQL."""

import pytest
import sqlalchemy as sa
from tests.support.postgres import engine  # noqa: F401 (a fixture)

from haetae.database.engine import session_factory
from haetae.database.migrate import upgrade
from haetae.database.severity_store import SeverityStore, policy_json, policy_of
from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, Severity
from haetae.domain.fact import FactKind
from haetae.domain.notation import parse_schedule
from haetae.domain.severity import DEFAULT_POLICY, FactBound, SeverityPolicy, SeverityRow
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError, VersionConflict
from haetae.testing.clock import FakeClock

POLICY = SeverityPolicy(
    (
        SeverityRow(
            Severity.CRITICAL,
            kinds=frozenset({EventKind.ANOMALY}),
            types=frozenset({EventType.FALLING}),
            zones=frozenset({"Yard"}),
            schedule=parse_schedule("mon-fri 22:00-06:00 @ Asia/Seoul", time_zone="UTC"),
            least_score=0.5,
            facts=(FactBound(FactKind.COUNT, least=2.0), FactBound(FactKind.POSTURE_RATIO, most=0.8)),
        ),
    ),
    Severity.MEDIUM,
)


def test_the_default_is_in_force_until_somebody_writes_another(engine):  # noqa: F811
    upgrade(engine)
    clock = FakeClock()
    store = SeverityStore(session_factory(engine), clock)
    assert (store.read().policy, store.read().updated_at) == (DEFAULT_POLICY, None)
    assert store.write(POLICY, Actor("kim"), expected_version=0).version == 1
    store.write(POLICY, Actor("kim"))
    stored = store.read()
    assert (stored.policy, stored.version, stored.updated_at) == (POLICY, 2, clock.now())
    for version in (0, 1, 3):
        with pytest.raises(VersionConflict):
            store.write(DEFAULT_POLICY, Actor("lee"), expected_version=version)
    assert store.read() == stored
    with engine.connect() as connection:
        written = connection.execute(sa.text("SELECT action FROM audit_entries WHERE action = 'severity.change'")).all()
    assert len(written) == 1


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, POLICY, SeverityPolicy(())])
def test_a_policy_is_the_same_after_json(policy):
    assert policy_of(policy_json(policy)) == policy


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"rows": {}},
        {"rows": [], "other": 1},
        {"rows": [], "otherwise": "mild"},
        {"rows": [{"kinds": ["anomaly"]}]},
        {"rows": [{"severity": "high", "zone": ["Yard"]}]},
        {"rows": [{"severity": "high", "types": ["Flood"]}]},
        {"rows": [{"severity": "high", "schedule": "sometimes"}]},
        {"rows": [{"severity": "high", "facts": [{"least": 1.0}]}]},
        {"rows": ["high"]},
    ],
)
def test_what_is_no_policy_is_refused(content):
    with pytest.raises(ConfigError):
        policy_of(content)

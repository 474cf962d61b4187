"""Where a model's server may be."""

from haetae.settings import VlmSettings
from haetae.sources.address_policy import AddressPolicy, AddressRules
from haetae.vlm.base import Reach


def vlm_reach(settings: VlmSettings) -> Reach:
    """The site's policy for it. Raises ConfigError for networks that are none."""
    rules = AddressRules("vlm", "no model is asked there", settings.allow_loopback, settings.allow_link_local, settings.allowed_networks)
    return AddressPolicy(rules).reach

"""Where the servers of models may be."""

from haetae.settings import SearchSettings, VlmSettings
from haetae.sources.address_policy import AddressPolicy, AddressRules
from haetae.vlm.base import Reach


def vlm_reach(settings: VlmSettings) -> Reach:
    """The site's policy for it. Raises ConfigError for networks that are none."""
    rules = AddressRules("vlm", "no model is asked there", settings.allow_loopback, settings.allow_link_local, settings.allowed_networks)
    return AddressPolicy(rules).reach


def search_reach(settings: SearchSettings) -> Reach:
    """The same for the server of embeddings. Raises ConfigError for networks that are none."""
    rules = AddressRules("search", "no model is asked there", settings.allow_loopback, settings.allow_link_local, settings.allowed_networks)
    return AddressPolicy(rules).reach

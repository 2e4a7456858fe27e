"""Names in one section of a configuration that must be keys of another."""

from collections.abc import Iterable

from safeneuron.settings import near_miss


def known(key: str, names: Iterable[str], registry: Iterable[str], where: str) -> None:
    """Raise unless all names are in a registry.

    Args:
        key: where the names stand.
        registry: what there is; an iterable that can be read several times.
        where: what the message calls it.

    Raises:
        ValueError: names the key, the name that is not there, and what is.
    """
    for name in names:
        if name not in registry:
            raise ValueError(
                f"{key}: '{name}' is not in '{where}'{near_miss(name, registry)}; "
                f"it has {', '.join(registry) or 'nothing'}"
            )

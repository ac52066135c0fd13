"""What is wrong with a configuration: an error of as many messages as there are problems, and how those of several parts are collected."""

from __future__ import annotations

from types import TracebackType

from ..errors import UsageError


class ConfigError(UsageError):
    """A configuration file is wrong: one message for each thing that is."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self._messages = messages

    @property
    def messages(self) -> tuple[str, ...]:
        return self._messages


class Errors:
    """Collects the configuration errors of several parts: `with errors:` around each, then `check`."""

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}  # each once, in the order they came

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if not isinstance(error, ConfigError):
            return False
        self._messages |= dict.fromkeys(error.messages)
        return True

    def check(self) -> None:
        """Raise what was collected, as one error."""
        if self._messages:
            raise ConfigError(*self._messages)

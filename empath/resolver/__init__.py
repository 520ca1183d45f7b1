"""Looking names up: the only room that speaks DNS.

`resolver` is the door (memory, shared look-ups); `lookup` asks until there is an answer or the
time is up; `exchange` speaks with one name server; `wire` reads and writes packets; `cache`
remembers; `servers` knows whom to ask.  What comes out are the words of `empath.policy.answer`.
"""

from empath.resolver.cache import Kept
from empath.resolver.resolver import Resolver

__all__ = ["Kept", "Resolver"]

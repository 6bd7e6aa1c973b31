"""How Hypothesis looks for counterexamples here.

By default its choices follow from the test alone (``derandomize``), so that one
commit gets one verdict, on every machine: a red build is about the change, and
the second run says what the first said. ``HYPOTHESIS_PROFILE=explore`` draws
anew each time, and much more, to look for what those choices miss; whatever it
finds becomes an example. There is no deadline, because a slow moment of the
machine is no defect of the domain.
"""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

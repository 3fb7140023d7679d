"""Starts Autobahn|Testsuite's client with the token of the gateway in every handshake, which the suite
has no option for. Python 2.7 with `autobahntestsuite`; started by ../run."""
import os
import site
import sys

# Not by PYTHONPATH: only this reads the files that make one package of several (zope).
site.addsitedir(os.environ["SUITE"])

from autobahntestsuite import fuzzing, wstest  # noqa: E402

if sys.argv[1:] == ["--check"]:
    sys.exit()
Factory = fuzzing.FuzzingClientFactory
set_session_parameters = Factory.setSessionParameters


def with_token(self, *args, **kwargs):
    if len(args) < 5:
        kwargs["headers"] = {"Authorization": "Bearer " + os.environ["ECHO_TOKEN"]}
    return set_session_parameters(self, *args, **kwargs)


Factory.setSessionParameters = with_token
sys.argv[0] = "wstest"
wstest.run()

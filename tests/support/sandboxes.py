"""Sandboxes for tests, forked as fbsync's runs are: the framework of the server is imported once, not in each."""

from functools import partial

import fbsync_process

from fbsync.sandbox import process

running = partial(process.running, popen=fbsync_process.popen)

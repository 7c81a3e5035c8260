"""Sandboxes for tests, forked like runs of fbsync, so that the server's framework is imported only once."""

from functools import partial

import fbsync_process

from fbsync.sandbox import process

running = partial(process.running, popen=fbsync_process.popen)

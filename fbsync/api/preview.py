"""The plan that the library returns, which displays itself in a notebook."""

from __future__ import annotations

from typing import Any

from fbsync.workflow.proposal import Proposal


class Preview(Proposal):
    """A plan that displays itself: as one sentence, and in a notebook as a page."""

    __slots__ = ()

    def __repr__(self) -> str:
        from fbsync.render.plan_counts import plan_summary

        return f"<fbsync plan: {plan_summary(self._document())}>"

    def _repr_html_(self) -> str:
        from html import escape

        from fbsync.render.plan_html import plan_html

        # Use a separate page, since its styles differ from the notebook's, and a sandbox, so that it runs no scripts.
        page = escape(plan_html(self._document()))
        return f'<iframe sandbox srcdoc="{page}" style="width: 100%; height: 32em; border: 0"></iframe>'

    def _document(self) -> dict[str, Any]:
        from fbsync.model.errors import ExitCode
        from fbsync.workflow.plan_report import document_of

        return document_of(self, ExitCode.DONE)

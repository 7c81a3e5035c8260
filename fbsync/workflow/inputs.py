"""The user's inputs: the manifest and its variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fbsync.variables import read_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.manifest.assemble import Manifest
    from fbsync.model.configurations import Llm
    from fbsync.variables import Variables
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The user's inputs: the manifest and its variables.

    Attributes:
        where: the command's target.
        environment: the process's environment.
        variables: the variables of the environment and the .env files.
        manifest: the manifest.
        desired: the declared entries, resolved as far as the variables are set.
    """

    where: Where
    environment: Mapping[str, str] = field(repr=False)
    variables: Variables
    manifest: Manifest
    desired: tuple[Llm, ...]


def read_inputs(where: Where, environment: Mapping[str, str]) -> Inputs:
    """Read the user's inputs.

    Args:
        where: the command's target.
        environment: the process's environment.

    Raises:
        InvalidInput: the manifest or a .env file is not valid.
    """
    return with_manifest(where, environment, variables_of(where, environment))


def with_manifest(where: Where, environment: Mapping[str, str], variables: Variables) -> Inputs:
    """Read the manifest after the variables have been read.

    Raises:
        InvalidInput: the manifest is not valid.
    """
    from fbsync.manifest.assemble import read_manifest

    manifest = read_manifest(where.files)
    if any(isinstance(document.value, dict) and "state" in document.value for document in manifest.documents):
        from fbsync.workflow.declared_state import check_state

        check_state(where, manifest)
    desired = manifest.desired(where.environment, variables)
    return Inputs(where=where, environment=environment, variables=variables, manifest=manifest, desired=desired)


def variables_of(where: Where, environment: Mapping[str, str]) -> Variables:
    """Read the variables that a manifest may refer to.

    Raises:
        InvalidInput: a .env file is not valid.
    """
    return read_variables(
        folders=where.folders,
        env_files=where.env_files,
        environment=environment,
        environment_name=where.environment,
    )


def no_inputs(where: Where, environment: Mapping[str, str]) -> Inputs:
    """Return the inputs without a manifest: only the variables.

    Args:
        where: the command's target.
        environment: the process's environment.

    Raises:
        InvalidInput: a .env file is not valid.
    """
    from fbsync.manifest.assemble import assemble

    variables = variables_of(where, environment)
    return Inputs(where=where, environment=environment, variables=variables, manifest=assemble([]), desired=())

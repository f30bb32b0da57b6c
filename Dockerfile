# Every process of Looks: docker build --target api|ops|worker|compositor|lake|cli .
# The base is a Debian with bash and Python 3.11 or newer; give a digest to hold it: --build-arg BASE=python:3.11-slim@sha256:...
ARG BASE=python:3.11-slim

FROM ${BASE} AS uv
ARG UV=0.13.9
ENV UV_LINK_MODE=copy UV_NO_CACHE=1 UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --quiet --root-user-action=ignore uv==${UV}
COPY deploy/image.sh /usr/local/bin/image
COPY locks /locks

FROM uv AS wheel
WORKDIR /src
COPY . .
RUN image wheel

# Packages first: a layer that stays as long as its lock does.
FROM uv AS api-venv
RUN image packages api
COPY --from=wheel /dist /dist
RUN image looks api

FROM uv AS ops-venv
RUN image packages ops
COPY --from=wheel /dist /dist
RUN image looks ops

FROM uv AS worker-venv
RUN image packages runtime
COPY --from=wheel /dist /dist
RUN image looks worker

FROM uv AS compositor-venv
RUN image packages compositor
COPY --from=wheel /dist /dist
RUN image looks compositor

FROM uv AS lake-venv
RUN image packages lake
COPY --from=wheel /dist /dist
RUN image looks lake

FROM uv AS cli-venv
RUN image packages analysts
COPY --from=wheel /dist /dist
RUN image looks cli

# The root may be read-only: temporary files go to /tmp, and bytecode is compiled.
FROM ${BASE} AS process
ENV PATH=/venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LOOKS_HEALTH_HOST=0.0.0.0 LOOKS_HEALTH_PORT=9000
WORKDIR /tmp
EXPOSE 9000
HEALTHCHECK --interval=5s --timeout=3s --start-period=300s --retries=6 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$LOOKS_HEALTH_PORT && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -r answer <&3 && [[ $answer == *' 200 '* ]]"]
USER 10001:10001

FROM process AS api
COPY --from=api-venv /venv /venv
ENV LOOKS_API_HOST=0.0.0.0 LOOKS_API_PORT=8000
EXPOSE 8000
RUN ["python", "-c", "import api.__main__, api.photo_worker"]
CMD ["python", "-m", "api"]

# The API with what operators are served: reachable by them alone.
FROM process AS ops
COPY --from=ops-venv /venv /venv
ENV LOOKS_API_HOST=0.0.0.0 LOOKS_API_PORT=8000 LOOKS_OPS_SERVED=true
EXPOSE 8000
RUN ["python", "-c", "import api.__main__, api.ops.app"]
CMD ["python", "-m", "api"]

FROM process AS worker
COPY --from=worker-venv /venv /venv
CMD ["bash", "-c", "echo 'say which: python -m producers.outbox_relay, consumers.credit_ledger, ...' >&2; exit 2"]

FROM process AS compositor
COPY --from=compositor-venv /venv /venv
# Composes a look on each mannequin.
RUN ["python", "-c", "import sys; from consumers.compositor.preloaded import WRONG; sys.exit(WRONG or 0)"]
CMD ["python", "-m", "consumers.compositor"]

FROM process AS lake
COPY --from=lake-venv /venv /venv
RUN ["python", "-c", "import consumers.lake_writer.application"]
CMD ["python", "-m", "consumers.lake_writer"]

# `looks`: migrations, topics, the audit, replays. What it keeps goes to /var/lib/looks.
FROM process AS cli
COPY --from=cli-venv /venv /venv
COPY --from=cli-venv --chown=10001:10001 /var/lib/looks /var/lib/looks
RUN looks --help >/dev/null && looks replay --help >/dev/null && looks report --help >/dev/null \
    && looks engine --help >/dev/null && looks db migrate --help >/dev/null \
    && python -c "import devstack.seeding; from storage.tables import MIGRATIONS; assert [*MIGRATIONS.glob('*.sql')], MIGRATIONS"
HEALTHCHECK NONE
CMD ["looks", "--help"]

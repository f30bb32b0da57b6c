# Every process of Looks, from one image: docker run looks python -m consumers.compositor
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 looks
COPY --from=build /venv /venv
WORKDIR /app
COPY api api
COPY cli cli
COPY compositing compositing
COPY consumers consumers
COPY devstack devstack
COPY domain domain
COPY migrations migrations
COPY producers producers
COPY runtime runtime
COPY schemas schemas
COPY storage storage
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 LOOKS_HEALTH_HOST=0.0.0.0 LOOKS_HEALTH_PORT=9000
USER looks
EXPOSE 9000
HEALTHCHECK --interval=5s --timeout=3s --retries=20 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9000/health/ready', timeout=2)"]
CMD ["python", "-m", "api"]

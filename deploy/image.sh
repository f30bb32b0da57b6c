#!/bin/bash
# The steps of the Dockerfile, in the stages that are thrown away.
#   image wheel | packages LOCK | looks TARGET
set -euo pipefail

case $1 in
wheel)
  # Hashes hold what builds the wheel, too.
  uv build --quiet --wheel --build-constraints /locks/devstack.lock --require-hashes --out-dir /dist
  cp deploy/imports.py /dist/
  ;;
packages)
  uv venv --quiet /venv
  uv pip sync --quiet --python /venv/bin/python --require-hashes --compile-bytecode "/locks/$2.lock"
  packages=$(/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  # Of AWS's services: S3, and those that credentials come from.
  find "$packages/botocore/data" -mindepth 1 -maxdepth 1 -type d \
    ! -name s3 ! -name sts ! -name sso ! -name sso-oidc ! -name signin -exec rm -r {} +
  # Packages' own tests.
  find "$packages" -type d -name tests -prune -exec rm -r {} +
  ;;
looks)
  uv pip install --quiet --python /venv/bin/python --offline --no-deps --compile-bytecode /dist/*.whl
  /venv/bin/python /dist/imports.py "$2"
  # The engine's networks are where it runs.
  if [ "$2" != compositor ]; then
    rm "$(/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"/compositing/cut/*.onnx
  fi
  # What `looks` needs is in no image but its own.
  if [ "$2" = cli ]; then mkdir -p /var/lib/looks; else rm /venv/bin/looks; fi
  ;;
*)
  echo "wheel, packages LOCK or looks TARGET, not $1" >&2
  exit 2
  ;;
esac

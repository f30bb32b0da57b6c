#!/bin/sh
# Prints every completion from the beginning and stops at the end. Joins no group; moves no offset.
kcat -C -e -q -b "$LOOKS_KAFKA_BOOTSTRAP" -t "${TOPIC:-look.completed}" -o beginning -X isolation.level=read_committed -f '%p %o %k %s\n'

"""What Kafka Connect's workers are given beside Iceberg's sink."""

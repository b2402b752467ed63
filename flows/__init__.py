"""What happens, in which order: Prefect flows, settings, and all orchestration policy."""

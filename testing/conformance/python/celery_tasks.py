"""A small celery application, run as `celery -A celery_tasks worker` by `test_celery.py`."""

import os

import boto3
from celery import Celery

app = Celery("tasks", broker="sqs://test:test@")
app.conf.update(
    broker_transport_options={"region": "us-east-1", "visibility_timeout": 30, "polling_interval": 0.1, "wait_time_seconds": 5},
    task_default_queue=os.environ.get("TASK_QUEUE", "celery"),
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(bind=True, max_retries=2)
def add(self, left: int, right: int) -> None:
    """Adds, and sends the sum to the queue of results; a sum of 13 fails at the first attempt."""
    if left + right == 13 and self.request.retries == 0:
        raise self.retry(countdown=0)
    results = boto3.client("sqs", region_name="us-east-1")
    results.send_message(QueueUrl=os.environ["RESULTS_URL"], MessageBody=str(left + right))

# Queues as people configure them. The endpoint comes from AWS_ENDPOINT_URL alone; the provider asks STS there who it is.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  skip_metadata_api_check = true
}

variable "visibility" {
  type    = number
  default = 30
}

variable "stage" {
  type    = string
  default = "first"
}

resource "aws_sqs_queue" "dead" {
  name                      = "orders-dead"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = var.visibility
  delay_seconds              = 5
  max_message_size           = 2048
  receive_wait_time_seconds  = 10
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 4
  })
  tags = {
    team  = "billing"
    stage = var.stage
  }
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.orders.arn]
  })
}

resource "aws_sqs_queue" "payments_dead" {
  name       = "payments-dead.fifo"
  fifo_queue = true
}

resource "aws_sqs_queue" "payments" {
  name                        = "payments.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}

resource "aws_sqs_queue_redrive_policy" "payments" {
  queue_url = aws_sqs_queue.payments.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.payments_dead.arn
    maxReceiveCount     = 2
  })
}

resource "aws_sqs_queue" "encrypted" {
  name                              = "encrypted"
  kms_master_key_id                 = "alias/aws/sqs"
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_sqs_queue" "managed" {
  name_prefix             = "managed-"
  sqs_managed_sse_enabled = true
}

data "aws_iam_policy_document" "orders" {
  statement {
    sid       = "topic"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.orders.arn]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:aws:sns:us-east-1:000000000000:orders"]
    }
  }
}

resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy    = data.aws_iam_policy_document.orders.json
}

data "aws_sqs_queue" "orders" {
  name       = aws_sqs_queue.orders.name
  depends_on = [aws_sqs_queue.orders]
}

output "orders_url" {
  value = data.aws_sqs_queue.orders.url
}

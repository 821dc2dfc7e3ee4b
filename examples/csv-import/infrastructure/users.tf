# The queue between reading and writing, the table, and the functions that write into it and that follow it.
resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 14 * 24 * 60 * 60
}

resource "aws_sqs_queue" "buffer" {
  name = "${var.name}-buffer"
  # Six times the function's own limit, as AWS advises.
  visibility_timeout_seconds = 180

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 5
  })
}

resource "aws_dynamodb_table" "users" {
  name             = "${var.name}-users"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "email"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"

  attribute {
    name = "email"
    type = "S"
  }
}

module "insert_records" {
  source      = "./modules/function"
  name        = "${var.name}-insert-records"
  zip         = "${path.module}/../dist/insert_records.zip"
  environment = { USERS_TABLE = aws_dynamodb_table.users.name }
  allowed = [
    {
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      resources = [aws_sqs_queue.buffer.arn]
    },
    { actions = ["dynamodb:BatchWriteItem"], resources = [aws_dynamodb_table.users.arn] },
  ]
}

resource "aws_lambda_event_source_mapping" "buffer" {
  event_source_arn        = aws_sqs_queue.buffer.arn
  function_name           = module.insert_records.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 8
  }
}

resource "aws_ses_email_identity" "sender" {
  email = var.sender
}

module "send_email" {
  source      = "./modules/function"
  name        = "${var.name}-send-email"
  zip         = "${path.module}/../dist/send_email.zip"
  timeout_s   = 60
  environment = { SENDER = var.sender }
  allowed = [
    {
      actions   = ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"]
      resources = [aws_dynamodb_table.users.stream_arn]
    },
    { actions = ["ses:SendEmail"], resources = ["*"] },
    { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.dead.arn] },
  ]
}

# New users only: what is written once more is no news. From the stream's beginning, so that whoever was inserted
# while this was being set up is welcomed too.
resource "aws_lambda_event_source_mapping" "users" {
  event_source_arn               = aws_dynamodb_table.users.stream_arn
  function_name                  = module.send_email.arn
  starting_position              = "TRIM_HORIZON"
  batch_size                     = 100
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = 10
  function_response_types        = ["ReportBatchItemFailures"]

  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT"] })
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.dead.arn
    }
  }
}

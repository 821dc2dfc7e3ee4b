# A function as people configure it: its code in a zip file, a layer, an alias, a URL, who may call it, what
# becomes of its events, and the queue that it works off.
variable "seconds" {
  type    = number
  default = 5
}

data "aws_iam_policy_document" "consume" {
  statement {
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"]
    resources = [aws_sqs_queue.orders.arn, aws_sqs_queue.dead.arn]
  }
}

resource "aws_iam_role" "functions" {
  name               = "functions"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "consume" {
  name   = "consume"
  role   = aws_iam_role.functions.name
  policy = data.aws_iam_policy_document.consume.json
}

resource "aws_lambda_layer_version" "shared" {
  layer_name          = "shared"
  filename            = "${path.module}/function.zip"
  source_code_hash    = filebase64sha256("${path.module}/function.zip")
  compatible_runtimes = ["python3.11"]
}

resource "aws_lambda_function" "orders" {
  function_name    = "orders"
  description      = "Works off orders"
  role             = aws_iam_role.functions.arn
  runtime          = "python3.11"
  handler          = "index.handler"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  publish          = true
  timeout          = var.seconds
  memory_size      = 256
  layers           = [aws_lambda_layer_version.shared.arn]
  tags             = { stage = var.stage }

  # Its role must be able to tell the dead letter, as on AWS.
  depends_on = [aws_iam_role_policy.consume]

  reserved_concurrent_executions = 10

  environment {
    variables = { SECONDS = tostring(var.seconds) }
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }
  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.api.name
    # What AWS answers if they are not named; the provider then plans a version each time that it is asked.
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }
  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What is used"
  function_name    = aws_lambda_function.orders.function_name
  function_version = aws_lambda_function.orders.version
}

resource "aws_lambda_permission" "logs" {
  statement_id   = "logs"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.orders.function_name
  principal      = "logs.amazonaws.com"
  source_arn     = "${aws_cloudwatch_log_group.api.arn}:*"
  source_account = data.aws_caller_identity.me.account_id
}

resource "aws_lambda_permission" "live" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.orders.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "events.amazonaws.com"
}

resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.orders.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"

  cors {
    allow_origins = ["https://shop.example"]
    allow_methods = ["GET", "POST"]
    max_age       = 60
  }
}

resource "aws_lambda_function_event_invoke_config" "orders" {
  function_name                = aws_lambda_function.orders.function_name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn        = aws_sqs_queue.orders.arn
  function_name           = aws_lambda_alias.live.arn
  batch_size              = 5
  depends_on              = [aws_iam_role_policy.consume]
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }
}

data "aws_lambda_function" "orders" {
  function_name = aws_lambda_function.orders.function_name
}

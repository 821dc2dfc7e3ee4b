# Log groups as people configure them, and who reads them.
variable "days" {
  type    = number
  default = 14
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/app/api"
  retention_in_days = var.days
  tags              = { team = "api" }
}

resource "aws_cloudwatch_log_group" "worker" {
  name_prefix = "/app/worker-"
}

resource "aws_cloudwatch_log_stream" "one" {
  name           = "one"
  log_group_name = aws_cloudwatch_log_group.api.name
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  pattern        = "{ $.level = \"ERROR\" }"
  log_group_name = aws_cloudwatch_log_group.api.name

  metric_transformation {
    name      = "Errors"
    namespace = "App"
    value     = "1"
  }
}

resource "aws_cloudwatch_log_subscription_filter" "errors" {
  name            = "errors"
  log_group_name  = aws_cloudwatch_log_group.api.name
  filter_pattern  = "ERROR"
  destination_arn = aws_sqs_queue.dead.arn
}

resource "aws_cloudwatch_log_resource_policy" "dns" {
  policy_name = "dns"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "route53.amazonaws.com" }
      Action    = "logs:PutLogEvents"
      Resource  = "*"
    }]
  })
}

resource "aws_cloudwatch_query_definition" "errors" {
  name            = "errors"
  log_group_names = [aws_cloudwatch_log_group.api.name]
  query_string    = "fields @timestamp, @message | limit 20"
}

data "aws_cloudwatch_log_group" "api" {
  name = aws_cloudwatch_log_group.api.name
}

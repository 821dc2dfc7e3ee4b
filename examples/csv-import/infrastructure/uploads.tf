# Where files are uploaded, and the function that reads them. Files are removed after a day.
resource "aws_s3_bucket" "uploads" {
  bucket        = "${var.name}-uploads-${data.aws_caller_identity.current.account_id}"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket                  = aws_s3_bucket.uploads.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  rule {
    id     = "remove-after-a-day"
    status = "Enabled"

    filter {}

    expiration {
      days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

module "process_csv" {
  source      = "./modules/function"
  name        = "${var.name}-process-csv"
  zip         = "${path.module}/../dist/process_csv.zip"
  memory_mb   = 512
  timeout_s   = 900
  environment = { BUFFER_QUEUE = aws_sqs_queue.buffer.url }
  allowed = [
    { actions = ["s3:GetObject"], resources = ["${aws_s3_bucket.uploads.arn}/*"] },
    { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.buffer.arn, aws_sqs_queue.dead.arn] },
  ]
}

# A file that could not be read three times over is not forgotten.
resource "aws_lambda_function_event_invoke_config" "process_csv" {
  function_name          = module.process_csv.name
  maximum_retry_attempts = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
  }
}

resource "aws_lambda_permission" "uploads" {
  statement_id   = "uploads"
  action         = "lambda:InvokeFunction"
  function_name  = module.process_csv.name
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.uploads.arn
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_s3_bucket_notification" "uploads" {
  bucket     = aws_s3_bucket.uploads.id
  depends_on = [aws_lambda_permission.uploads]

  lambda_function {
    id                  = "process-csv"
    lambda_function_arn = module.process_csv.arn
    events              = ["s3:ObjectCreated:*"]
    filter_suffix       = ".csv"
  }
}

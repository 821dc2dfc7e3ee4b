# Buckets as people configure them: everything that the provider has a resource for.
variable "expire_days" {
  type    = number
  default = 30
}

resource "aws_s3_bucket" "files" {
  bucket        = "conformance-files"
  force_destroy = true
  tags          = { stage = var.stage }
}

# As it was written before version 4 of the provider.
resource "aws_s3_bucket" "inline" {
  bucket        = "conformance-inline"
  force_destroy = true

  lifecycle_rule {
    id      = "old"
    enabled = true

    expiration {
      days = var.expire_days
    }
  }

  cors_rule {
    allowed_headers = ["*"]
    allowed_methods = ["GET", "PUT"]
    allowed_origins = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3000
  }
}

resource "aws_s3_bucket" "locked" {
  bucket              = "conformance-locked"
  object_lock_enabled = true
  force_destroy       = true
}

resource "aws_s3_bucket_object_lock_configuration" "locked" {
  bucket = aws_s3_bucket.locked.id

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 1
    }
  }
}

resource "aws_s3_bucket_versioning" "files" {
  bucket = aws_s3_bucket.files.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "files" {
  bucket                  = aws_s3_bucket.files.id
  block_public_acls       = false
  block_public_policy     = true
  ignore_public_acls      = false
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_acl" "files" {
  bucket     = aws_s3_bucket.files.id
  acl        = "private"
  depends_on = [aws_s3_bucket_ownership_controls.files]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    id     = "logs"
    status = "Enabled"

    filter {
      and {
        prefix                   = "log/"
        object_size_greater_than = 100
        tags                     = { keep = "no" }
      }
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = var.expire_days + 60
    }

    noncurrent_version_expiration {
      noncurrent_days           = 7
      newer_noncurrent_versions = 2
    }
  }

  rule {
    id     = "uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["https://shop.example"]
    max_age_seconds = 60
  }
}

resource "aws_s3_bucket_website_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  index_document {
    suffix = "index.html"
  }

  error_document {
    key = "error.html"
  }

  routing_rule {
    condition {
      key_prefix_equals = "old/"
    }

    redirect {
      replace_key_prefix_with = "new/"
    }
  }
}

data "aws_iam_policy_document" "files" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["${aws_s3_bucket.files.arn}/secret/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

resource "aws_s3_bucket_policy" "files" {
  bucket     = aws_s3_bucket.files.id
  policy     = data.aws_iam_policy_document.files.json
  depends_on = [aws_s3_bucket_public_access_block.files]
}

resource "aws_s3_bucket_logging" "files" {
  bucket        = aws_s3_bucket.files.id
  target_bucket = aws_s3_bucket.inline.id
  target_prefix = "log/"
}

resource "aws_s3_bucket_request_payment_configuration" "files" {
  bucket = aws_s3_bucket.files.id
  payer  = "Requester"
}

resource "aws_s3_bucket_accelerate_configuration" "files" {
  bucket = aws_s3_bucket.files.id
  status = "Enabled"
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "files" {
  bucket = aws_s3_bucket.files.id
  name   = "old"

  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = 90
  }
}

resource "aws_s3_bucket_metric" "files" {
  bucket = aws_s3_bucket.files.id
  name   = "whole"
}

resource "aws_s3_bucket_analytics_configuration" "files" {
  bucket = aws_s3_bucket.files.id
  name   = "whole"
}

resource "aws_s3_bucket_inventory" "files" {
  bucket                   = aws_s3_bucket.files.id
  name                     = "weekly"
  included_object_versions = "All"

  schedule {
    frequency = "Weekly"
  }

  destination {
    bucket {
      format     = "CSV"
      bucket_arn = aws_s3_bucket.inline.arn
    }
  }
}

resource "aws_s3_bucket_replication_configuration" "files" {
  bucket     = aws_s3_bucket.files.id
  role       = aws_iam_role.functions.arn
  depends_on = [aws_s3_bucket_versioning.files]

  rule {
    id     = "all"
    status = "Enabled"

    filter {
      prefix = "copy/"
    }

    delete_marker_replication {
      status = "Disabled"
    }

    destination {
      bucket = aws_s3_bucket.locked.arn
    }
  }
}

data "aws_iam_policy_document" "events" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.files.arn]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
  }
}

resource "aws_sqs_queue" "files" {
  name = "files"
}

resource "aws_sqs_queue_policy" "files" {
  queue_url = aws_sqs_queue.files.url
  policy    = data.aws_iam_policy_document.events.json
}

resource "aws_lambda_permission" "files" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.orders.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.files.arn
}

resource "aws_s3_bucket_notification" "files" {
  bucket      = aws_s3_bucket.files.id
  eventbridge = true
  depends_on  = [aws_sqs_queue_policy.files, aws_lambda_permission.files]

  queue {
    queue_arn     = aws_sqs_queue.files.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "in/"
  }

  lambda_function {
    lambda_function_arn = aws_lambda_function.orders.arn
    events              = ["s3:ObjectRemoved:*"]
    filter_suffix       = ".csv"
  }
}

resource "aws_s3_object" "hello" {
  bucket       = aws_s3_bucket.files.id
  key          = "a folder/hällo+.txt"
  content      = "Hello, ${var.stage}"
  content_type = "text/plain"
  tags         = { stage = var.stage }
  depends_on   = [aws_s3_bucket_versioning.files]
}

resource "aws_s3_object" "file" {
  bucket      = aws_s3_bucket.inline.id
  key         = "function.zip"
  source      = "${path.module}/function.zip"
  source_hash = filemd5("${path.module}/function.zip")
}

resource "aws_s3_object_copy" "hello" {
  bucket = aws_s3_bucket.inline.id
  key    = "copy.txt"
  source = "${aws_s3_bucket.files.id}/${aws_s3_object.hello.key}"
  # Tags are copied along unless they are replaced, and would be a difference to the plan.
  tagging_directive = "REPLACE"
  tags              = { stage = var.stage }
}

data "aws_s3_bucket" "files" {
  bucket     = aws_s3_bucket.files.id
  depends_on = [aws_s3_bucket_website_configuration.files]
}

data "aws_s3_objects" "files" {
  bucket     = aws_s3_bucket.files.id
  depends_on = [aws_s3_object.hello]
}

data "aws_s3_object" "hello" {
  bucket = aws_s3_bucket.files.id
  key    = aws_s3_object.hello.key
}

output "said" {
  value = data.aws_s3_object.hello.body
}

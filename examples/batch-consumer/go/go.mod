module batch-consumer

go 1.21

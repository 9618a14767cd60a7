module homeroom.example/sdk

go 1.19

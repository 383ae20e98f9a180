// How Atlas reaches the database. Use the direct address, never a pooler: a
// pooler refuses the search_path that both addresses are scoped with.
//
//   DATABASE_URL_DIRECT   the database to bring up to schema.hcl
//   ATLAS_DEV_URL         an empty database of the same server, for Atlas to
//                         try the schema on

variable "url" {
  type    = string
  default = getenv("DATABASE_URL_DIRECT")
}

variable "dev" {
  type    = string
  default = getenv("ATLAS_DEV_URL")
}

env "local" {
  src = "file://schema.hcl"
  url = var.url
  dev = var.dev
}

env "ci" {
  src = "file://schema.hcl"
  url = var.url
  dev = var.dev
}

env "staging" {
  src = "file://schema.hcl"
  url = var.url
  dev = var.dev
  diff {
    skip {
      drop_schema = true
      drop_table  = true
      drop_column = true
    }
  }
}

env "production" {
  src = "file://schema.hcl"
  url = var.url
  dev = var.dev
  diff {
    skip {
      drop_schema = true
      drop_table  = true
      drop_column = true
    }
  }
}

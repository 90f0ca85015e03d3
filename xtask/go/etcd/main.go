// The server of etcd. Its own module cannot be built by `go install`, because it replaces modules by its neighbours.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}

package process_test

// beforeWorkerMain is called where a worker begins.
func beforeWorkerMain() {}

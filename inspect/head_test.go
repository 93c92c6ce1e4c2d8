package inspect

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Who asks for headers alone, as monitors do, does not stop the process.
func TestHeadersAreToldWithoutALook(t *testing.T) {
	looks := 0
	h := handler(func() *Snapshot { looks++; return &Snapshot{Runs: []Run{{ID: 1, Tasks: []Task{{ID: 5}}}}} })
	for _, target := range []string{"/", "/tasks.json", "/tasks.txt", "/why.txt?run=1&task=5", "/why.txt?run=x&task=5", "/nothing"} {
		answers := map[string]*httptest.ResponseRecorder{}
		for _, method := range []string{"GET", "HEAD"} {
			looks = 0
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
			if answers[method] = w; method == http.MethodHead && looks > 0 {
				t.Errorf("HEAD %s looks", target)
			}
		}
		get, head := answers["GET"], answers["HEAD"]
		if get.Code != head.Code || get.Header().Get("Content-Type") != head.Header().Get("Content-Type") || head.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: HEAD answers %d %v, GET %d %v", target, head.Code, head.Header(), get.Code, get.Header())
		}
	}
}

// Uses the client that OpenAPI Generator makes for Go: URL, token, facility, start.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	client "holdfast.example/team/client"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	settings := client.NewConfiguration()
	settings.Servers = client.ServerConfigurations{{URL: os.Args[1]}}
	api := client.NewAPIClient(settings)
	ctx := context.WithValue(context.Background(), client.ContextAccessToken, os.Args[2])
	facility := must(strconv.Atoi(os.Args[3]))
	start := must(time.Parse(time.RFC3339, os.Args[4]))

	body := client.NewCreateBookingRequest(int32(facility), start, start.Add(time.Hour), "Go")
	booking, _, err := api.BookingsAPI.BookingsCreate(ctx).CreateBookingRequest(*body).Execute()
	must(booking, err)
	_, refused, err := api.BookingsAPI.BookingsCreate(ctx).CreateBookingRequest(*body).Execute()
	if err == nil {
		os.Exit(2)
	}
	fmt.Println(booking.Title, booking.StartTime.UTC().Format(time.RFC3339), refused.StatusCode)
}
